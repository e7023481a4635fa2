// What stat says of a bundled file: the same whichever call asks, and no two files alike (a linker
// takes two libraries with one inode for one).
#pragma once

#include <stdint.h>

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/format.h"

namespace scratchpack {

/// The file's inode number: no two entries share one.
uint64_t inode_of(const Entry& entry);

/// Fills a struct stat in the program's memory. 0 or -EFAULT.
long write_status(const Entry& entry, uint64_t address);

/// The same as struct statx.
long write_statx(const Entry& entry, uint64_t address);

/// Memory files that hold a bundled file carry a mark in their modification time, so that fstat
/// knows them through dup, fork and exec without a table: a year no file has, and these
/// nanoseconds (the entry of a rewritten file looks for them, too).
inline constexpr uint64_t kMarkNanoseconds = 0x3ac5ca5e;
void mark_file(long file, const Entry& entry);
/// The entry a stat result is marked with, or nullptr.
const Entry* marked_entry(const KernelStat& status);

}  // namespace scratchpack
