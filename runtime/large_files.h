// Large files that the program opens, stored raw: a descriptor of the bundle itself instead of a
// copy in memory. The file's bytes begin at `base` in it, and the kernel's own file position is
// kept at base + position, so that dup and fork share it as they do of any file.
//
// Which descriptors these are is known by number, and checked against the bundle's inode at each
// call: what was closed behind our back and opened as something else is left alone. Before an exec
// those that stay open become memory files: the next program would not know them.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

/// Files of at least this many bytes: copying takes longer than asking at each call.
inline constexpr uint64_t kLargeFile = uint64_t{1} << 20;

bool is_large(const Entry& entry);

/// A descriptor at the file's beginning, for open(2) with these flags. -errno on failure.
long open_large(const Entry& entry, long flags);

/// Answers a call on a descriptor (kDescriptor of calls.h), or kPass.
long large_call(const Registers& r);

/// fstat and statx by descriptor.
const Entry* large_file(long descriptor);

/// To be called before every exec.
void hand_over_large_files();

}  // namespace scratchpack
