#include "runtime/raw_files.h"

#include "runtime/answer.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/data_files.h"
#include "runtime/gate.h"
#include "runtime/process.h"
#include "runtime/status.h"
#include "runtime/working_directory.h"

namespace scratchpack {
namespace {

constexpr long kCloseOnExec = 1;  // FD_CLOEXEC
constexpr uint64_t kMostVectors = 1024;

uint32_t numbers[kGateDescriptors];  // by descriptor: the entry's number and 1, or 0

struct Vector {
  uint64_t base;
  uint64_t length;
};

uint64_t base_of(const Entry& entry) { return process.payload_offset + entry.offset; }

bool trackable(long descriptor) {
  return descriptor >= 0 && descriptor < static_cast<long>(kGateDescriptors);
}

void remember(long descriptor, const Entry& entry) {
  __atomic_store_n(&numbers[descriptor], process.payload.number(entry) + 1, __ATOMIC_RELEASE);
  gate_add(descriptor);
}

/// A vfork child closes its own descriptors, not its parent's.
void forget(long descriptor) {
  if (!trackable(descriptor) || !owns_memory()) return;
  gate_remove(descriptor);
  __atomic_store_n(&numbers[descriptor], 0, __ATOMIC_RELEASE);
}

long position_of(const Entry& entry, long descriptor) {
  const long at = sys(kSysLseek, descriptor, 0, 1);
  if (failed(at)) return at;
  return at - static_cast<long>(base_of(entry));
}

/// How many of `count` bytes from `position` on the file has.
uint64_t available(const Entry& entry, uint64_t position, uint64_t count) {
  if (position >= entry.size) return 0;
  return count < entry.size - position ? count : entry.size - position;
}

long read_here(const Entry& entry, long descriptor, uint64_t buffer, uint64_t count) {
  const long position = position_of(entry, descriptor);
  if (failed(position)) return position;
  return sys(kSysRead, descriptor, buffer,
             available(entry, static_cast<uint64_t>(position), count));
}

long read_at(const Entry& entry, long descriptor, uint64_t buffer, uint64_t count,
             int64_t position) {
  if (position < 0) return -kEINVAL;
  const uint64_t from = static_cast<uint64_t>(position);
  return sys(kSysPread64, descriptor, buffer, available(entry, from, count), base_of(entry) + from);
}

/// readv, or with a position preadv: one vector after the other, until one is not filled.
long read_vectors(const Entry& entry, long descriptor, uint64_t vectors, uint64_t count,
                  const int64_t* position) {
  if (count > kMostVectors) return -kEINVAL;
  if (count != 0 && !readable(vectors, count * sizeof(Vector))) return -kEFAULT;
  const Vector* all = reinterpret_cast<const Vector*>(vectors);
  long total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const long got = position == nullptr ? read_here(entry, descriptor, all[i].base, all[i].length)
                                         : read_at(entry, descriptor, all[i].base, all[i].length,
                                                   *position + total);
    if (failed(got)) return total == 0 ? got : total;
    total += got;
    if (static_cast<uint64_t>(got) < all[i].length) break;
  }
  return total;
}

long seek(const Entry& entry, long descriptor, int64_t offset, uint64_t whence) {
  enum Whence : uint64_t { kSet, kCurrent, kEnd, kData, kHole };
  const int64_t size = static_cast<int64_t>(entry.size);
  int64_t from = 0;
  if (whence == kCurrent) {
    from = position_of(entry, descriptor);
    if (failed(from)) return from;
  }
  if (whence == kEnd) from = size;
  if (whence == kData || whence == kHole) {
    if (offset < 0 || offset >= size) return -kENXIO;
    if (whence == kHole) offset = size;
  }
  int64_t position = 0;
  int64_t place = 0;
  if (whence > kHole || __builtin_add_overflow(from, offset, &position) || position < 0 ||
      __builtin_add_overflow(position, static_cast<int64_t>(base_of(entry)), &place)) {
    return -kEINVAL;
  }
  const long result = sys(kSysLseek, descriptor, place, kSet);
  return failed(result) ? result : position;
}

long send(const Entry& entry, const Registers& r) {
  const long descriptor = static_cast<int>(r.rsi);
  if (r.rdx == 0) {
    const long position = position_of(entry, descriptor);
    if (failed(position)) return position;
    const uint64_t count = available(entry, static_cast<uint64_t>(position), r.r10);
    return count == 0 ? 0 : sys(kSysSendfile, r.rdi, descriptor, 0, count);
  }
  if (!readable(r.rdx, sizeof(int64_t))) return -kEFAULT;
  int64_t& offset = *reinterpret_cast<int64_t*>(r.rdx);
  if (offset < 0) return -kEINVAL;
  const uint64_t from = static_cast<uint64_t>(offset);
  uint64_t place = base_of(entry) + from;
  const uint64_t count = available(entry, from, r.r10);
  const long result = count == 0 ? 0 : sys(kSysSendfile, r.rdi, descriptor, &place, count);
  if (result > 0) offset += result;
  return result;
}

/// The copies of a descriptor that dup and its like make.
long note_copy(const Entry* entry, long copy) {
  if (failed(copy)) return copy;
  if (entry == nullptr) {
    forget(copy);
  } else if (trackable(copy)) {
    if (owns_memory()) remember(copy, *entry);
  } else {
    sys(kSysClose, copy);
    return -kEMFILE;
  }
  return copy;
}

/// mmap: straight from the bundle where the file lies on pages of its own, else of a copy, which
/// nobody can tell from a file that never changes.
long map(const Entry& entry, const Registers& r) {
  const bool own_pages = (entry.flags & kFlagElf) != 0 || entry.size >= kOwnPagesFrom;
  if (own_pages && entry.offset % kPageSize == 0) {
    return sys(kSysMmap, r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9 + base_of(entry));
  }
  constexpr uint64_t kSharing = 3;  // MAP_PRIVATE, MAP_SHARED and their kin
  const bool shared = (r.r10 & kSharing) != kMapPrivate;
  if (shared && (r.rdx & kProtWrite) != 0) return -kEACCES;
  if (r.r9 % kPageSize != 0) return -kEINVAL;
  const uint64_t flags = (r.r10 & ~kSharing) | kMapPrivate | kMapAnonymous;
  const long address = sys(kSysMmap, r.rdi, r.rsi, kProtRead | kProtWrite, flags, -1, 0);
  if (failed(address)) return address;
  __builtin_memcpy(reinterpret_cast<char*>(address), process.payload.base + entry.offset + r.r9,
                   available(entry, r.r9, r.rsi));
  const long result = sys(kSysMprotect, address, r.rsi, r.rdx);
  return failed(result) ? result : address;
}

long duplicate_to(const Registers& r) {
  const long from = static_cast<int>(r.rdi);
  const long to = static_cast<int>(r.rsi);
  if (from == to) return kPass;
  const Entry* entry = raw_file(from);
  if (entry != nullptr && !trackable(to)) return -kEBADF;
  return note_copy(entry, sys(static_cast<long>(r.rax), from, to, r.rdx));
}

/// Whether a file's bytes are at a place of the payload; at its end only when `to_end`.
bool lies_at(const Entry& entry, uint64_t place, bool to_end) {
  if (!valid_entry(process.payload, entry) || !is_raw(entry) || place < entry.offset) return false;
  const uint64_t position = place - entry.offset;
  return position < entry.size || (to_end && position == entry.size);
}

/// The file that a descriptor of the bundle without a number is inside of: a vfork child's copy.
const Entry* file_at(long descriptor) {
  const Payload& payload = process.payload;
  const int64_t at =
      sys(kSysLseek, descriptor, 0, 1) - static_cast<int64_t>(process.payload_offset);
  for (int to_end = 0; to_end < 2; ++to_end) {
    for (uint32_t i = 0; at >= 0 && i < payload.header->entry_count; ++i) {
      const Entry& entry = payload.entries[i];
      if (lies_at(entry, static_cast<uint64_t>(at), to_end != 0)) return &entry;
    }
  }
  return nullptr;
}

void hand_over(long descriptor) {
  const long flags = sys(kSysFcntl, descriptor, 1, 0);  // F_GETFD
  if (failed(flags) || (flags & kCloseOnExec) != 0 || !is_bundle(descriptor)) return;
  const uint32_t number = numbers[descriptor];
  const Entry* entry = number == 0 ? file_at(descriptor) : &process.payload.entries[number - 1];
  if (entry == nullptr) return;
  const long position = position_of(*entry, descriptor);
  const ScopedDescriptor copy(open_data(*entry, kOpenCloexec));
  if (!copy.valid() || failed(position)) return;
  sys(kSysLseek, copy.get(), position, 0);
  sys(kCall_dup2, copy.get(), descriptor);
  forget(descriptor);
}

}  // namespace

bool is_raw(const Entry& entry) {
  return entry.kind == kKindFile && entry.method == kMethodRaw && entry.slot == 0 &&
         (entry.flags & kFlagAppendUser) == 0;
}

long open_raw(const Entry& entry, long flags) {
  ScopedDescriptor file(open_bundle(flags & (kOpenCloexec | kOpenNonblock)));
  if (!file.valid() || !trackable(file.get())) return open_data(entry, flags);
  const long placed = sys(kSysLseek, file.get(), base_of(entry), 0);
  if (failed(placed)) return placed;
  remember(file.get(), entry);
  return file.release();
}

const Entry* raw_file(long descriptor) {
  if (!trackable(descriptor)) return nullptr;
  const uint32_t number = __atomic_load_n(&numbers[descriptor], __ATOMIC_ACQUIRE);
  if (number == 0) return nullptr;
  if (is_bundle(descriptor)) return &process.payload.entries[number - 1];
  forget(descriptor);
  return nullptr;
}

long raw_call(const Registers& r) {
  if (r.rax == kCall_dup2 || r.rax == kCall_dup3) return duplicate_to(r);
  const bool is_map = r.rax == kCall_mmap;
  if (is_map && (r.r10 & kMapAnonymous) != 0) return kPass;
  const long descriptor = static_cast<int>(is_map ? r.r8 : r.rax == kCall_sendfile ? r.rsi : r.rdi);
  if (r.rax == kCall_close) {
    forget(descriptor);
    return kPass;
  }
  const Entry* entry = raw_file(descriptor);
  if (entry == nullptr) return kPass;
  const int64_t position = static_cast<int64_t>(r.r10);
  switch (r.rax) {
    case kCall_read:
      return read_here(*entry, descriptor, r.rsi, r.rdx);
    case kCall_pread64:
      return read_at(*entry, descriptor, r.rsi, r.rdx, position);
    case kCall_readv:
      return read_vectors(*entry, descriptor, r.rsi, r.rdx, nullptr);
    case kCall_preadv:
      return read_vectors(*entry, descriptor, r.rsi, r.rdx, &position);
    case kCall_preadv2:
      return read_vectors(*entry, descriptor, r.rsi, r.rdx, position == -1 ? nullptr : &position);
    case kCall_lseek:
      return seek(*entry, descriptor, static_cast<int64_t>(r.rsi), r.rdx);
    case kCall_mmap:
      return map(*entry, r);
    case kCall_sendfile:
      return send(*entry, r);
    case kCall_dup:
      return note_copy(entry, sys(kCall_dup, descriptor));
    case kCall_fcntl:
      if (r.rsi != 0 && r.rsi != 1030) return kPass;  // F_DUPFD, F_DUPFD_CLOEXEC
      return note_copy(entry, sys(kSysFcntl, descriptor, r.rsi, r.rdx));
    case kCall_fchmod:
    case kCall_fchown:
    case kCall_fsetxattr:
    case kCall_fremovexattr:
      return -kEROFS;  // or else the bundle itself would be changed
    case kCall_fgetxattr:
      return -kENODATA;
    case kCall_flistxattr:
      return 0;
    case kCall_copy_file_range:
      return -kEXDEV;  // callers then read and write
    case kCall_splice:
      return -kEINVAL;
    default:
      return kPass;
  }
}

void hand_over_raw_files() {
  for (long i = 0; i < static_cast<long>(kGateDescriptors); ++i) {
    const bool inherited_by_number = i <= 2;  // where a spawned child's redirections go
    if (inherited_by_number || numbers[i] != 0) hand_over(i);
  }
}

}  // namespace scratchpack
