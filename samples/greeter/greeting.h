#pragma once

/* How a greeting begins. */
const char* greeting(void);
