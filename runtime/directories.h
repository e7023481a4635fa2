// Directories of the bundle as a program lists them: merged with the container's of the same path.
//
// opendir of one gives a memory file that holds the merged records in the form of getdents64,
// marked like data files (status.h) and reopened with access mode 3, so that read(2) fails on it
// while fdopendir accepts it. Which directory it is and how far it was read live in the open file
// description itself: dup, fork, exec, rewinddir and seekdir are right without a table. The kernel
// answers getdents64, fchdir and the *at calls on it with ENOTDIR; only then do we look.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

/// A descriptor of the directory's merged listing, or -errno.
long open_directory(const Entry& directory, uint64_t flags);

/// The bundled directory a descriptor stands for, or nullptr.
const Entry* directory_of(long descriptor);

/// getdents64: the kernel's answer, or for a descriptor of ours the next records.
long list_call(long descriptor, uint64_t buffer, uint64_t size);

}  // namespace scratchpack
