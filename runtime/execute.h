// execve of bundled programs. The kernel can only start a file, and the bundle is one file; so a
// bundled program is started by executing the bundle under a path that spells the program's entry
// number: "/proc/self/" + 40 components "/" or "./" + "exe". The kernel takes that for
// /proc/self/exe and hands the string to the new image as AT_EXECFN, so argv, environment and stack
// stay untouched. 20 bits are the entry, 20 are kept for a working directory.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

/// execve, or execveat without flags. Sets the result when the call was answered (and failed);
/// leaves `handled` at 0 for a program that is the kernel's own business.
void execute_call(Registers& registers, long directory, const char* path, char** arguments,
                  char** environment, const uint64_t* mask);

/// fexecve of a bundled file's own descriptor.
void execute_entry_call(Registers& registers, const Entry& entry, char** arguments,
                        char** environment, const uint64_t* mask);

/// The entry number in an AT_EXECFN made as above, or kNone.
uint32_t entry_in_execfn(const char* execfn);

}  // namespace scratchpack
