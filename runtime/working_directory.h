// The working directory when it lies in the bundle only. The kernel then stays where it was, and
// relative paths start where we say. Handed on to bundled programs by exec.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// chdir: to the container's directory where it exists, else to the bundle's.
long change_directory(const char* path);
/// fchdir, of real directories and of listings of bundled ones.
long change_to_descriptor(long descriptor);
/// chroot by the program itself: what lies there is not what was bundled, so the bundle's paths
/// end.
long change_root(const char* path);
/// getcwd while the working directory is the bundle's.
long current_directory(uint64_t buffer, uint64_t size);

}  // namespace scratchpack
