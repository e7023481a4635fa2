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
  uint64_t base;       // of the file's first byte in what the descriptor names
  uint64_t position;   // the file's own
  MemoryImage* image;  // what was decoded before the start, the descriptor then only holds a number
};
Mapped table[kMostMapped];
MemoryImage images[kMostMapped];  // of the rows, apart: few are used, the rows are searched
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

bool remember(long descriptor, const Entry& entry, uint64_t base, const MemoryImage& image) {
  if (descriptor >= static_cast<long>(kGateDescriptors)) return false;
  for (Mapped& row : table) {
    if (__atomic_exchange_n(&row.used, 1, __ATOMIC_ACQ_REL) != 0) continue;
    row.entry = &entry;
    row.base = base;
    row.position = 0;
    row.image = nullptr;
    if (image.bytes != nullptr) {
      row.image = &images[&row - table];
      *row.image = image;
    }
    __atomic_store_n(&row.descriptor, static_cast<int>(descriptor), __ATOMIC_RELEASE);
    gate_add(descriptor);
    __atomic_fetch_add(&table_used, 1, __ATOMIC_ACQ_REL);
    return true;
  }
  return false;
}

void forget(Mapped& row) {
  gate_remove(row.descriptor);
  if (row.image != nullptr) release_image(*row.image);
  __atomic_store_n(&row.descriptor, -1, __ATOMIC_RELEASE);
  __atomic_fetch_sub(&table_used, 1, __ATOMIC_ACQ_REL);
  __atomic_store_n(&row.used, 0, __ATOMIC_RELEASE);
}

/// A descriptor in which the file begins at `base`, unless there is an `image` of it.
long open_image(const Entry& entry, uint64_t& base, MemoryImage& image) {
  if (entry.method == kMethodRaw || arena_open()) {
    const long bundle = open_bundle(kOpenCloexec);
    if (!failed(bundle)) {
      base = process.payload_offset + entry.offset;
      if (entry.method == kMethodRaw || take_from_arena(process.payload, entry, image)) {
        return bundle;
      }
      sys(kSysClose, bundle);
    }
  }
  base = 0;
  return new_image_file(entry);
}

/// From here on the row is a file in memory like any other: the image is asked for what it does
/// not have (any more).
long leave_image(Mapped& row) {
  const ScopedDescriptor file(new_image_file(*row.entry));
  if (!file.valid()) return file.get();
  const long flags = sys(kSysFcntl, row.descriptor, 1, 0);  // F_GETFD
  const long result = sys(kSysDup3, file.get(), row.descriptor, flags > 0 ? kOpenCloexec : 0);
  if (failed(result)) return result;
  row.base = 0;
  release_image(*row.image);
  row.image = nullptr;
  return 0;
}

long read_at(Mapped& row, uint64_t buffer, uint64_t count, uint64_t position) {
  if (position >= row.entry->size) return 0;
  if (count > row.entry->size - position) count = row.entry->size - position;
  if (row.image != nullptr) {
    if (row.image->has(position, count)) {
      __builtin_memcpy(reinterpret_cast<void*>(buffer), row.image->bytes + position, count);
      return static_cast<long>(count);
    }
    const long result = leave_image(row);
    if (failed(result)) return result;
  }
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

/// The first mapping of a library spans all of it; its pieces come over that later. What is behind
/// the piece asked for is zeros.
long map_from_image(Mapped& row, const Registers& registers) {
  if ((registers.r10 & kMapPrivate) == 0) return -kEINVAL;
  const int protection = static_cast<int>(registers.rdx);
  const uint64_t length = (registers.rsi + kPageSize - 1) & ~(kPageSize - 1);
  const bool fixed = (registers.r10 & kMapFixed) != 0;
  uint64_t address = registers.rdi;
  if (!fixed) {
    const long area =
        sys(kSysMmap, address, length, protection, kMapPrivate | kMapAnonymous, -1, 0);
    if (failed(area)) return area;
    address = static_cast<uint64_t>(area);
  }
  long result = map_image(*row.image, address, registers.r9, length, protection);
  const uint64_t mapped = static_cast<uint64_t>(result);
  if (!failed(result) && fixed && mapped < length) {
    result = sys(kSysMmap, address + mapped, length - mapped, protection,
                 kMapPrivate | kMapAnonymous | kMapFixed, -1, 0);
  }
  if (!failed(result)) return static_cast<long>(address);
  if (!fixed) sys(kSysMunmap, address, length);
  return result;
}

long map_file(Mapped& row, const Registers& registers) {
  if (row.image != nullptr) {
    const long address = map_from_image(row, registers);
    if (!failed(address)) return address;
    const long result = leave_image(row);
    if (failed(result)) return result;
  }
  return sys(kSysMmap, registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8,
             registers.r9 + row.base);
}

/// mmap of a remembered file. When it maps the segment that the rewriting added, the slot at its
/// end is filled: from then on the library's calls come to us.
long map(Mapped& row, const Registers& registers) {
  const long address = map_file(row, registers);
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
  MemoryImage image;
  const long descriptor = open_image(entry, base, image);
  if (failed(descriptor)) return descriptor;
  if (!remember(descriptor, entry, base, image)) {
    sys(kSysClose, descriptor);
    release_image(image);
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
