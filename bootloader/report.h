// What the bootloader says: one line on standard error when it fails, a timeline on request.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// Prints `scratchpack: TEXT` (at most 1,000 bytes) and exits with 125.
[[noreturn]] void fail(const char* text);
/// `scratchpack: VERB OBJECT: reason of the errno (HINT)`.
[[noreturn]] void fail(const char* verb, const char* object, long error, const char* hint);

/// The words for an errno that a start can meet.
const char* error_text(long error);

/// The timeline of SCRATCHPACK_DEBUG=1: a step with the microseconds since the bootloader began.
/// Costs a test of a flag when it is off.
void start_timeline();
void note_step(const char* step, const char* detail = "");

void print_out(const char* text);

}  // namespace scratchpack
