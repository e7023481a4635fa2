#include "runtime/status.h"

#include "runtime/gate.h"
#include "runtime/process.h"

namespace scratchpack {
namespace {

// Above any inode number a file system hands out in practice; the entry's number is added.
constexpr uint64_t kInodeBase = 0x5a43000000000000;
constexpr uint64_t kMarkSeconds = 0x00a5430000000000;  // the year 1.5 billion

uint32_t mode_of(const Entry& entry) {
  if (entry.kind == kKindDirectory) return kModeDirectory | entry.mode;
  if (entry.kind == kKindSymlink) return kModeSymlink | 0777;
  return kModeFile | entry.mode;
}

uint64_t size_of(const Entry& entry) {
  if (entry.kind == kKindDirectory) return kPageSize;
  return entry.kind == kKindSymlink ? entry.target_length : entry.size;
}

}  // namespace

uint64_t inode_of(const Entry& entry) { return kInodeBase + process.payload.number(entry); }

long write_status(const Entry& entry, uint64_t address) {
  if (!writable(address, sizeof(KernelStat))) return -kEFAULT;
  KernelStat& status = *reinterpret_cast<KernelStat*>(address);
  const uint64_t size = size_of(entry);
  status = {};
  status.dev = process.bundle.dev;
  status.ino = inode_of(entry);
  status.nlink = entry.kind == kKindDirectory ? 2 : 1;
  status.mode = mode_of(entry);
  status.size = static_cast<int64_t>(size);
  status.blksize = kPageSize;
  status.blocks = static_cast<int64_t>((size + 511) / 512);
  status.atime = status.mtime = status.ctime = process.payload.header->time;
  return 0;
}

long write_statx(const Entry& entry, uint64_t address) {
  if (!writable(address, sizeof(KernelStatx))) return -kEFAULT;
  KernelStatx& status = *reinterpret_cast<KernelStatx*>(address);
  const uint64_t size = size_of(entry);
  status = {};
  status.mask = 0x7ff;  // STATX_BASIC_STATS
  status.blksize = kPageSize;
  status.nlink = entry.kind == kKindDirectory ? 2 : 1;
  status.mode = static_cast<uint16_t>(mode_of(entry));
  status.ino = inode_of(entry);
  status.size = size;
  status.blocks = (size + 511) / 512;
  status.atime.seconds = status.mtime.seconds = status.ctime.seconds =
      static_cast<int64_t>(process.payload.header->time);
  // The kernel's own split of a device number: 8 + 12 bits in the low half, the rest above.
  const uint64_t dev = process.bundle.dev;
  status.dev_major = static_cast<uint32_t>(((dev >> 8) & 0xfff) | ((dev >> 32) & ~uint64_t{0xfff}));
  status.dev_minor = static_cast<uint32_t>((dev & 0xff) | ((dev >> 12) & ~uint64_t{0xff}));
  return 0;
}

void mark_file(long file, const Entry& entry) {
  const uint64_t seconds = kMarkSeconds + process.payload.number(entry);
  const KernelTimespec times[2] = {{static_cast<int64_t>(process.payload.header->time), 0},
                                   {static_cast<int64_t>(seconds), kMarkNanoseconds}};
  sys(kSysUtimensat, file, 0, times, 0);
}

const Entry* marked_entry(const KernelStat& status) {
  if (status.mtime_nsec != kMarkNanoseconds || status.mtime < kMarkSeconds) return nullptr;
  const uint64_t number = status.mtime - kMarkSeconds;
  if (number >= process.payload.header->entry_count) return nullptr;
  const Entry& entry = process.payload.entries[number];
  return valid_entry(process.payload, entry) ? &entry : nullptr;
}

}  // namespace scratchpack
