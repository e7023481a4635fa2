#include "runtime/mapped_files.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/arena.h"
#include "runtime/data_files.h"
#include "runtime/gate.h"
#include "runtime/process.h"
#include "runtime/status.h"

namespace scratchpack {

Handler library_slot_handler = nullptr;

namespace {

constexpr int kMostMapped = 32;

/// One descriptor. `used` is taken first and given back last, so that a half-filled row is never
/// looked at: the descriptor is -1 until the rest is there.
struct Mapped {
  int used;
  int descriptor;
  const Entry* entry;
  uint64_t base;      // of the file's first byte in what the descriptor names
  uint64_t position;  // the file's own
};
Mapped table[kMostMapped];
int table_used;

Mapped* find(long descriptor) {
  if (__atomic_load_n(&table_used, __ATOMIC_ACQUIRE) == 0) return nullptr;
  for (Mapped& row : table) {
    if (__atomic_load_n(&row.used, __ATOMIC_ACQUIRE) != 0 &&
        __atomic_load_n(&row.descriptor, __ATOMIC_ACQUIRE) == static_cast<int>(descriptor)) {
      return &row;
    }
  }
  return nullptr;
}

bool remember(long descriptor, const Entry& entry, uint64_t base) {
  if (descriptor >= static_cast<long>(kGateDescriptors)) return false;
  for (Mapped& row : table) {
    if (__atomic_exchange_n(&row.used, 1, __ATOMIC_ACQ_REL) != 0) continue;
    row.entry = &entry;
    row.base = base;
    row.position = 0;
    __atomic_store_n(&row.descriptor, static_cast<int>(descriptor), __ATOMIC_RELEASE);
    gate_add(descriptor);
    __atomic_fetch_add(&table_used, 1, __ATOMIC_ACQ_REL);
    return true;
  }
  return false;
}

void forget(Mapped& row) {
  gate_remove(row.descriptor);
  __atomic_store_n(&row.descriptor, -1, __ATOMIC_RELEASE);
  __atomic_fetch_sub(&table_used, 1, __ATOMIC_ACQ_REL);
  __atomic_store_n(&row.used, 0, __ATOMIC_RELEASE);
}

/// A descriptor in which the file begins at `base`.
long open_image(const Entry& entry, uint64_t& base) {
  ArenaFile arena = {};
  if (find_in_arenas(process.payload, entry, arena)) {
    base = arena.offset;
    const long copy = sys(kSysFcntl, arena.file, 1030, 0);  // F_DUPFD_CLOEXEC
    if (!failed(copy)) take_from_arenas(process.payload, entry);
    return copy;
  }
  if (entry.method == kMethodRaw) {
    const long bundle = open_bundle();
    if (!failed(bundle)) {
      base = process.payload_offset + entry.offset;
      return bundle;
    }
  }
  base = 0;
  return new_image_file(entry);
}

long read_at(const Mapped& row, uint64_t buffer, uint64_t count, uint64_t position) {
  if (position >= row.entry->size) return 0;
  if (count > row.entry->size - position) count = row.entry->size - position;
  return sys(kSysPread64, row.descriptor, buffer, count, row.base + position);
}

long seek(Mapped& row, int64_t offset, uint64_t whence) {
  int64_t from = 0;
  if (whence == 1) from = static_cast<int64_t>(row.position);
  if (whence == 2) from = static_cast<int64_t>(row.entry->size);
  if (whence > 2) return -kEINVAL;
  int64_t position = 0;
  if (__builtin_add_overflow(from, offset, &position) || position < 0) return -kEINVAL;
  row.position = static_cast<uint64_t>(position);
  return position;
}

/// mmap of a remembered file. When it maps the segment that the rewriting added, the slot at its
/// end is filled: from then on the library's calls come to us.
long map(const Mapped& row, const Registers& registers) {
  const long address = sys(kSysMmap, registers.rdi, registers.rsi, registers.rdx, registers.r10,
                           registers.r8, registers.r9 + row.base);
  if (failed(address)) return address;
  const Entry& entry = *row.entry;
  if (entry.slot != 0 && registers.r9 == entry.segment_offset && (registers.r10 & kMapFixed) != 0) {
    const uint64_t length = (registers.rsi + kPageSize - 1) & ~(kPageSize - 1);
    const long result =
        fill_slot(static_cast<uint64_t>(address) + length - kPageSize, library_slot_handler);
    if (failed(result)) return result;
  }
  return address;
}

}  // namespace

long open_mapped(const Entry& entry, long flags) {
  uint64_t base = 0;
  const long descriptor = open_image(entry, base);
  if (failed(descriptor)) return descriptor;
  if (!remember(descriptor, entry, base)) {
    sys(kSysClose, descriptor);
    return base == 0 ? -kEMFILE : new_image_file(entry);
  }
  if ((flags & kOpenCloexec) == 0) sys(kSysFcntl, descriptor, 2, 0);  // F_SETFD
  return descriptor;
}

bool mapped_call(Registers& registers) {
  const bool is_map = registers.rax == kCall_mmap;
  if (is_map && (registers.r10 & kMapAnonymous) != 0) return false;
  Mapped* row = find(static_cast<int>(is_map ? registers.r8 : registers.rdi));
  if (row == nullptr) return false;
  long result = 0;
  switch (registers.rax) {
    case kCall_read:
      result = read_at(*row, registers.rsi, registers.rdx, row->position);
      if (result > 0) row->position += static_cast<uint64_t>(result);
      break;
    case kCall_pread64:
      result = static_cast<int64_t>(registers.r10) < 0
                   ? -kEINVAL
                   : read_at(*row, registers.rsi, registers.rdx, registers.r10);
      break;
    case kCall_lseek:
      result = seek(*row, static_cast<int64_t>(registers.rsi), registers.rdx);
      break;
    case kCall_fstat:
      result = write_status(*row->entry, registers.rsi);
      break;
    case kCall_newfstatat:
      result = write_status(*row->entry, registers.rdx);
      break;
    case kCall_mmap:
      result = map(*row, registers);
      break;
    case kCall_close:
      forget(*row);
      return false;
    default:
      return false;
  }
  registers.rax = static_cast<uint64_t>(result);
  registers.handled = 1;
  return true;
}

long fill_slot(uint64_t address, Handler handler) {
  const long page = sys(kSysMmap, address, kPageSize, kProtRead | kProtWrite,
                        kMapPrivate | kMapAnonymous | kMapFixed, -1, 0);
  if (failed(page)) return page;
  *reinterpret_cast<Slot*>(page) = {handler, &gate};
  return sys(kSysMprotect, page, kPageSize, kProtRead);
}

}  // namespace scratchpack
