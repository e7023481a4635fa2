// Files stored raw that the program opens: a descriptor of the bundle itself instead of a copy in
// memory. The file's bytes begin at `base` in it, and the kernel's own file position is kept at
// base + position, so that dup and fork share it as they do of any file.
//
// Which descriptors these are is known by number, and checked against the bundle's inode at each
// call: what was closed behind our back and opened as something else is left alone. Before an exec
// those that stay open become memory files: the next program would not know them.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

/// Whether an entry's bytes lie in the bundle as the program is to see them.
bool is_raw(const Entry& entry);

/// A descriptor at the file's beginning, for open(2) with these flags. -errno on failure.
long open_raw(const Entry& entry, long flags);

/// Answers a call on a descriptor (kDescriptor of calls.h), or kPass.
long raw_call(const Registers& r);

/// fstat and statx by descriptor.
const Entry* raw_file(long descriptor);

/// To be called before every exec.
void hand_over_raw_files();

}  // namespace scratchpack
