#include "runtime/locate.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/path_map.h"
#include "runtime/process.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

/// Where relative paths of the call start. Kept out of locate() so that its buffer takes stack only
/// when a path is relative.
__attribute__((noinline)) bool start_of_relative(long directory, Walk& start) {
  char path[kLongestPath + 1];
  long length = 0;
  if (static_cast<int>(directory) == kAtFdcwd) {
    length = sys(kSysGetcwd, path, sizeof path) - 1;  // the kernel counts the NUL
  } else {
    char link[40];
    TextBuilder name(link, sizeof link);
    name.add("/proc/self/fd/").add_number(static_cast<uint32_t>(directory));
    length = sys(kSysReadlinkat, kAtFdcwd, link, path, sizeof path - 1);
  }
  if (length <= 0 || length >= static_cast<long>(sizeof path) || path[0] != '/') return false;
  path[length] = 0;
  start = walk_path(process.payload, Walk{}, path, true);
  return true;
}

bool in_container(long directory, const char* path, bool follow_last) {
  KernelStat status;
  return sys(kSysNewfstatat, directory, path, &status, follow_last ? 0 : kAtSymlinkNofollow) == 0;
}

}  // namespace

const Entry* locate(long directory, const char* path, bool follow_last) {
  if (!plausible_pointer(reinterpret_cast<uint64_t>(path)) || path[0] == 0) return nullptr;
  Walk start;
  if (path[0] != '/' && !start_of_relative(directory, start)) return nullptr;
  const Walk walk = walk_path(process.payload, start, path, follow_last);
  if (!walk.found()) return nullptr;
  const Entry& entry = *walk.entry;
  if (walk.trailing_slash && entry.kind == kKindFile) return nullptr;  // the kernel says ENOTDIR
  const bool container_first =
      entry.kind == kKindDirectory || (entry.flags & kFlagContainerFirst) != 0;
  if (container_first && in_container(directory, path, follow_last)) return nullptr;
  return &entry;
}

bool is_own_executable(const char* path) {
  if (!plausible_pointer(reinterpret_cast<uint64_t>(path))) return false;
  const char* rest = text_after(path, "/proc/");
  if (rest == nullptr) return false;
  if (text_equal(rest, "self/exe") || text_equal(rest, "thread-self/exe")) return true;
  uint64_t pid = 0;
  while (*rest >= '0' && *rest <= '9' && pid < UINT32_MAX) {
    pid = pid * 10 + static_cast<uint64_t>(*rest++ - '0');
  }
  return text_equal(rest, "/exe") && pid == static_cast<uint64_t>(sys(kSysGetpid));
}

}  // namespace scratchpack
