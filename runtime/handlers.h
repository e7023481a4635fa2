// The three functions that rewritten `syscall` sites reach (see calls.h): one for a dynamic linker,
// one for a C library, one for musl, whose linker is its C library.
#pragma once

#include "runtime/calls.h"

namespace scratchpack {

void linker_handler(Registers* registers, const uint64_t* mask);
void library_handler(Registers* registers, const uint64_t* mask);
void musl_handler(Registers* registers, const uint64_t* mask);

}  // namespace scratchpack
