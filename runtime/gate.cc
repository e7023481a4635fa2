#include "runtime/gate.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/path_map.h"
#include "runtime/process.h"

namespace scratchpack {

Gate gate;

namespace {

constexpr uint64_t kLongestKernelPath = 4096;  // PATH_MAX, with the NUL
constexpr uint64_t kProbeSize = 8;             // of a signal mask

bool known_readable(uint64_t page) {
  return __atomic_load_n(&gate.pages[page % kGatePages], __ATOMIC_RELAXED) == page;
}

/// A call that reads 8 bytes through its pointer and then refuses its first argument: EFAULT tells
/// the one from the other, and nothing has changed.
bool kernel_can_read(uint64_t address) {
  constexpr long kNoSuchHow = -1;
  return sys(kSysRtSigprocmask, kNoSuchHow, address & ~(kProbeSize - 1), 0, kProbeSize) != -kEFAULT;
}

bool readable_page(uint64_t address) {
  const uint64_t page = address / kPageSize;
  if (known_readable(page)) return true;
  if (!kernel_can_read(address)) return false;
  __atomic_store_n(&gate.pages[page % kGatePages], page, __ATOMIC_RELAXED);
  return true;
}

/// Writes the signal mask there.
bool kernel_can_write(uint64_t address) {
  return sys(kSysRtSigprocmask, 0, 0, address, kProbeSize) != -kEFAULT;
}

}  // namespace

void open_gate() {
  gate.entries = process.payload.entries;
  gate.bucket_mask = process.payload.header->bucket_count - 1;
  gate.entry_count = process.payload.header->entry_count;
  gate.buckets = process.payload.buckets;
  gate.pages[0] = ~uint64_t{0};  // or else the page at 0 would look known
}

void gate_ask_about(const char* path) {
  const Entry* directory = nullptr;
  while (*path == '/') {
    const char* name = path + 1;
    uint64_t length = 0;
    while (name[length] != 0 && name[length] != '/') ++length;
    const Entry* child = find_child(process.payload, directory, name, length);
    if (child == nullptr) {
      gate.own = hash_step(directory == nullptr ? kHashSeed : directory->path_hash, '/');
      for (uint64_t i = 0; i < length; ++i) gate.own = hash_step(gate.own, name[i]);
      return;
    }
    directory = child;
    path = name + length;
  }
}

bool readable_path(const char* path) {
  uint64_t address = reinterpret_cast<uint64_t>(path);
  if (!plausible_pointer(address)) return false;
  for (uint64_t length = 0; length < kLongestKernelPath; ++length, ++address) {
    if ((length == 0 || address % kPageSize == 0) && !readable_page(address)) return false;
    if (*reinterpret_cast<const char*>(address) == 0) return true;
  }
  return false;
}

bool readable(uint64_t address, uint64_t size) {
  if (!plausible_pointer(address) || size > UINT32_MAX) return false;
  for (uint64_t at = address & ~(kPageSize - 1); at < address + size; at += kPageSize) {
    if (!readable_page(at)) return false;
  }
  return true;
}

bool writable(uint64_t address, uint64_t size) {
  if (!plausible_pointer(address) || size > UINT32_MAX) return false;
  // Less than the probe writes: bytes without a meaning are asked for instead.
  if (size < kProbeSize) return sys(kSysGetrandom, address, size, 0) == static_cast<long>(size);
  const uint64_t last = address + size - kProbeSize;
  for (uint64_t at = address; at < last; at = (at & ~(kPageSize - 1)) + kPageSize) {
    if (!kernel_can_write(at)) return false;
  }
  return kernel_can_write(last);
}

bool gate_has(long descriptor) {
  if (descriptor < 0 || descriptor >= long{kGateDescriptors}) return false;
  const uint64_t word = __atomic_load_n(&gate.descriptors[descriptor / 64], __ATOMIC_ACQUIRE);
  return (word >> (descriptor % 64) & 1) != 0;
}

void gate_add(long descriptor) {
  __atomic_fetch_or(&gate.descriptors[descriptor / 64], uint64_t{1} << (descriptor % 64),
                    __ATOMIC_ACQ_REL);
}

void gate_remove(long descriptor) {
  __atomic_fetch_and(&gate.descriptors[descriptor / 64], ~(uint64_t{1} << (descriptor % 64)),
                     __ATOMIC_ACQ_REL);
}

}  // namespace scratchpack
