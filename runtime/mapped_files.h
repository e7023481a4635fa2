// Files the dynamic linker opens. It gets a descriptor of the bundle itself (of what is decoded in
// memory, it stands for that), and its reads and maps are moved to where the file lies: nothing is
// copied. A linker opens, reads a header, maps and closes; so a small table by descriptor is
// enough.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

/// A descriptor for `entry`, remembered in the table. Falls back to a memory file when the bundle
/// cannot be opened or the table is full. -errno when nothing works.
long open_mapped(const Entry& entry, long flags);

/// Answers read, pread64, lseek, fstat, mmap and close of remembered descriptors. False: not one
/// of ours, let the call pass.
bool mapped_call(Registers& registers);

/// Points a rewritten file's slot (at `address` in memory) to `handler`. 0 or -errno.
long fill_slot(uint64_t address, Handler handler);

/// The handler for rewritten libraries that the linker maps; set once before the jump.
extern Handler library_slot_handler;

}  // namespace scratchpack
