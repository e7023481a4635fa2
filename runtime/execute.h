// execve of bundled programs. The kernel can only start a file, and the bundle is one file; so a
// bundled program is started by executing the bundle under a path that spells the program's entry
// number: "/proc/self/" + 40 components "/" or "./" + "exe". The kernel takes that for
// /proc/self/exe and hands the string to the new image as AT_EXECFN, so argv, environment and stack
// stay untouched. 20 bits are the entry's number, 20 the number (plus one) of a working
// directory that only the bundle has.
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

/// What an AT_EXECFN made as above says.
struct SpelledStart {
  uint32_t program;            ///< entry number; kNone: it was not made so
  uint32_t working_directory;  ///< entry number; kNone: the kernel's
};
SpelledStart read_execfn(const char* execfn);

}  // namespace scratchpack
