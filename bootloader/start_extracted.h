// The other end of an extraction: this same bootloader, as the PT_INTERP of an extracted program.
// The kernel has mapped the program and us; the real linker is mapped and run the way a person
// would by hand: LINKER --library-path DIRS --argv0 NAME PROGRAM ARGUMENTS.
#pragma once

#include <stdint.h>

#include "bootloader/program_stack.h"
#include "bootloader/start_in_place.h"

namespace scratchpack {

/// Whether our payload is that of an extracted copy.
bool is_extracted_linker(const unsigned char* payload, uint64_t size);

/// Writes such a copy to `path`: our own segments with a payload that names the real linker and
/// the library directories. 0 or -errno.
long write_extracted_linker(const char* path, const char* linker, const char* library_path,
                            uint32_t launch_flags);

/// Where to jump. Fails with 125.
Jump start_extracted(const unsigned char* payload, uint64_t size, const ProgramStack& stack);

}  // namespace scratchpack
