#include "runtime/working_directory.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/calls.h"
#include "runtime/directories.h"
#include "runtime/locate.h"
#include "runtime/process.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

long change_to_kernel_path(const char* path) {
  const long result = sys(kSysChdir, path);
  if (result == 0) process.working_directory = nullptr;
  return result;
}

long change_to_entry(const Entry& entry) {
  if (entry.kind != kKindDirectory) return -kENOTDIR;
  const long result = change_to_kernel_path(process.payload.path(entry));
  if (result != -kENOENT && result != -kENOTDIR) return result;
  process.working_directory = &entry;
  return 0;
}

}  // namespace

long change_directory(const char* path) {
  if (const Entry* entry = find_entry(kAtFdcwd, path, true)) return change_to_entry(*entry);
  char absolute[kLongestPath + 1];
  return change_to_kernel_path(spell_for_kernel(kAtFdcwd, path, absolute) ? absolute : path);
}

long change_to_descriptor(long descriptor) {
  const long result = sys(81, descriptor);  // fchdir
  if (result == 0) process.working_directory = nullptr;
  if (result != -kENOTDIR) return result;
  const Entry* entry = directory_of(descriptor);
  return entry == nullptr ? result : change_to_entry(*entry);
}

long change_root(const char* path) {
  const long result = sys(kCall_chroot, path);
  if (result != 0 || text_equal(path, "/")) return result;
  process.left_root = true;
  if (process.debug) {
    constexpr char kNote[] = "scratchpack: the program changed its root: bundled paths end here\n";
    sys(kSysWrite, 2, kNote, sizeof kNote - 1);
  }
  return result;
}

long current_directory(uint64_t buffer, uint64_t size) {
  const Entry& directory = *process.working_directory;
  const uint64_t needed = directory.path_length + uint64_t{1};
  if (size < needed) return -kERANGE;
  if (!plausible_pointer(buffer)) return -kEFAULT;
  __builtin_memcpy(reinterpret_cast<char*>(buffer), process.payload.path(directory), needed);
  return static_cast<long>(needed);
}

}  // namespace scratchpack
