// The working directory when it lies in the bundle only. The kernel then stays where it was, and
// relative paths start where we say. Handed on to bundled programs by exec.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

/// The working directory of the calling process when only the bundle has it, else nullptr.
const Entry* working_directory();

/// To be called once, by the program's first thread: whether this C library registers robust lists,
/// by which owns_memory() knows.
void know_robust_lists();

/// Whether the calling process is the only one in its memory. A vfork child is not: what it changes
/// here, its parent would see changed.
bool owns_memory();

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
