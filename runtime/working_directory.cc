#include "runtime/working_directory.h"

#include "runtime/answer.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/calls.h"
#include "runtime/directories.h"
#include "runtime/gate.h"
#include "runtime/locate.h"
#include "runtime/process.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

bool has_robust_list() {
  uint64_t head = 0;
  uint64_t length = 0;
  return sys(kSysGetRobustList, 0, &head, &length) == 0 && head != 0;
}

/// Working directories of vfork children. They live until their exec; a row is taken again.
struct ChildDirectory {
  long process;
  const Entry* entry;
};
constexpr int kMostChildren = 16;
ChildDirectory children[kMostChildren];
bool children_used;

void set_working_directory(const Entry* entry) {
  if (owns_memory()) {
    process.working_directory = entry;
    return;
  }
  const long id = sys(kSysGetpid);
  ChildDirectory& child = children[id % kMostChildren];
  child.entry = entry;
  __atomic_store_n(&child.process, id, __ATOMIC_RELEASE);
  __atomic_store_n(&children_used, true, __ATOMIC_RELEASE);
}

long change_to_kernel_path(const char* path) {
  __atomic_store_n(&gate.outside, 0, __ATOMIC_RELEASE);
  const long result = sys(kSysChdir, path);
  if (result == 0) set_working_directory(nullptr);
  return result;
}

long change_to_entry(const Entry& entry) {
  if (entry.kind != kKindDirectory) return -kENOTDIR;
  const long result = change_to_kernel_path(process.payload.path(entry));
  if (result != -kENOENT && result != -kENOTDIR) return result;
  set_working_directory(&entry);
  return 0;
}

}  // namespace

void know_robust_lists() { process.robust_lists = has_robust_list(); }

bool owns_memory() {
  if (!process.robust_lists || sys(kSysGetpid) == process.id) return true;
  // The C library registers a list for every thread and forked child; the kernel gives a new
  // process none, and a vfork child makes do without.
  return has_robust_list();
}

const Entry* working_directory() {
  if (!__atomic_load_n(&children_used, __ATOMIC_ACQUIRE) || owns_memory()) {
    return process.working_directory;
  }
  const long id = sys(kSysGetpid);
  const ChildDirectory& child = children[id % kMostChildren];
  return child.process == id ? child.entry : process.working_directory;
}

long change_directory(const char* path) {
  if (!readable_path(path)) return kPass;
  if (const Entry* entry = find_entry(kAtFdcwd, path, true)) return change_to_entry(*entry);
  char absolute[kLongestPath + 1];
  return change_to_kernel_path(spell_for_kernel(kAtFdcwd, path, absolute) ? absolute : path);
}

long change_to_descriptor(long descriptor) {
  __atomic_store_n(&gate.outside, 0, __ATOMIC_RELEASE);
  const long result = sys(kCall_fchdir, descriptor);
  if (result == 0) set_working_directory(nullptr);
  if (result != -kENOTDIR) return result;
  const Entry* entry = directory_of(descriptor);
  return entry == nullptr ? result : change_to_entry(*entry);
}

long change_root(const char* path) {
  if (!readable_path(path)) return kPass;
  const long result = sys(kCall_chroot, path);
  if (result != 0 || text_equal(path, "/")) return result;
  process.left_root = true;
  gate.entry_count = 0;  // nothing is known any more
  if (process.debug) {
    constexpr char kNote[] = "scratchpack: the program changed its root: bundled paths end here\n";
    sys(kSysWrite, 2, kNote, sizeof kNote - 1);
  }
  return result;
}

long current_directory(uint64_t buffer, uint64_t size) {
  const Entry& directory = *working_directory();
  const uint64_t needed = directory.path_length + uint64_t{1};
  if (size < needed) return -kERANGE;
  if (!writable(buffer, needed)) return -kEFAULT;
  __builtin_memcpy(reinterpret_cast<char*>(buffer), process.payload.path(directory), needed);
  return static_cast<long>(needed);
}

}  // namespace scratchpack
