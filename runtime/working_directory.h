// The working directory when it lies in the bundle only. The kernel then stays where it was, and
// relative paths start where we say. Handed on to bundled programs by exec.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// chdir: to the container's directory where it exists, else to the bundle's.
long change_directory(const char* path);
/// fchdir, of real directories and of listings of bundled ones.
long change_to_descriptor(long descriptor);
/// getcwd while the working directory is the bundle's.
long current_directory(uint64_t buffer, uint64_t size);

}  // namespace scratchpack
