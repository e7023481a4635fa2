// Extraction: the payload as ordinary files, and a start out of them. The fallback where a program
// cannot run in place.
//
// The extracted program is executed by the kernel itself, so /proc/self/exe, comm and argv are its
// own. Its PT_INTERP is made to name a copy of this bootloader in the tree, which maps the real
// linker and hands it the tree's libraries as `--library-path`: no environment variable is needed
// that children would see, and a program that executes itself again just works.
#pragma once

#include "bootloader/program_stack.h"
#include "runtime/payload.h"

namespace scratchpack {

/// Writes the whole payload below a fresh directory and executes `program` from there. Only
/// returns by failing with 125; nothing is left behind then. `why`: what kept it from starting in
/// place, for the message when there is nowhere to extract either.
[[noreturn]] void extract_and_execute(const Payload& payload, const Entry& program, bool plain,
                                      const char* only_directory, const char* why,
                                      const ProgramStack& stack);

/// SCRATCHPACK_RUN: `list`, or `extract=DIR`, in place of the application. Exits.
[[noreturn]] void run_instead(const Payload& payload, const char* what);

}  // namespace scratchpack
