#include "runtime/locate.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/directories.h"
#include "runtime/gate.h"
#include "runtime/path_map.h"
#include "runtime/process.h"
#include "runtime/raw_files.h"
#include "runtime/status.h"
#include "runtime/text.h"
#include "runtime/working_directory.h"

namespace scratchpack {
namespace {

/// The directory a relative path starts in, when only we know it.
const Entry* bundled_start(long directory) {
  if (static_cast<int>(directory) == kAtFdcwd) return working_directory();
  return directory_of(directory);
}

/// Digits at `at`, which is moved behind them. False when there are none.
bool read_number(const char*& at, uint64_t& number) {
  const char* from = at;
  while (*at >= '0' && *at <= '9' && number < UINT32_MAX) {
    number = number * 10 + static_cast<uint64_t>(*at++ - '0');
  }
  return at != from;
}

/// What follows this process's own directory below /proc, or nullptr.
const char* own_process_file(const char* path) {
  const char* rest = text_after(path, "/proc/");
  if (rest == nullptr) return nullptr;
  if (const char* file = text_after(rest, "self/")) return file;
  if (const char* file = text_after(rest, "thread-self/")) return file;
  uint64_t process_id = 0;
  if (!read_number(rest, process_id) || *rest != '/') return nullptr;
  return process_id == static_cast<uint64_t>(sys(kSysGetpid)) ? rest + 1 : nullptr;
}

/// Whether a path has a `..`.
bool leads_up(const char* path) {
  for (const char* at = path; *at != 0; ++at) {
    if (at[0] == '.' && at[1] == '.' && (at == path || at[-1] == '/') &&
        (at[2] == 0 || at[2] == '/')) {
      return true;
    }
  }
  return false;
}

/// Where relative paths of the call start. Kept out of its caller so that its buffer takes stack
/// only when a path is relative.
__attribute__((noinline)) bool start_of_relative(long directory, const char* path, Walk& start,
                                                 bool& spelled) {
  if (const Entry* bundled = bundled_start(directory)) {
    start.entry = bundled;
    spelled = true;
    return true;
  }
  const bool here = static_cast<int>(directory) == kAtFdcwd;
  // A directory that the bundle knows is opened as one of ours: this one leads nowhere but up.
  if (!here && !leads_up(path)) return false;
  char from[kLongestPath + 1];
  long length = 0;
  if (here) {
    length = sys(kSysGetcwd, from, sizeof from) - 1;  // the kernel counts the NUL
  } else {
    char link[40];
    TextBuilder name(link, sizeof link);
    name.add("/proc/self/fd/").add_number(static_cast<uint32_t>(directory));
    length = sys(kSysReadlinkat, kAtFdcwd, link, from, sizeof from - 1);
  }
  if (length <= 0 || length >= static_cast<long>(sizeof from) || from[0] != '/') return false;
  from[length] = 0;
  start = walk_path(process.payload, Walk{}, from, true);
  const bool own_name_is_relative = process.own_name != nullptr && process.own_name[0] != '/';
  if (here && start.unknown > 0 && !start.moved && !own_name_is_relative &&
      sys(kSysGetpid) == process.id) {
    __atomic_store_n(&gate.outside, 1, __ATOMIC_RELEASE);
  }
  return true;
}

}  // namespace

bool walk_from(long directory, const char* path, bool follow_last, Walk& walk, bool& spelled) {
  spelled = false;
  if (!readable_path(path) || path[0] == 0) return false;
  Walk start;
  if (path[0] != '/' && !start_of_relative(directory, path, start, spelled)) return false;
  walk = walk_path(process.payload, start, path, follow_last);
  return true;
}

const Entry* found_entry(const Walk& walk) {
  return walk.found() && !walk.not_directory ? &walk.found_entry(process.payload) : nullptr;
}

const Entry* find_entry(long directory, const char* path, bool follow_last) {
  Walk walk;
  bool spelled = false;
  return walk_from(directory, path, follow_last, walk, spelled) ? found_entry(walk) : nullptr;
}

bool in_container(const Entry& entry, bool follow_last) {
  KernelStat status;
  return sys(kSysNewfstatat, kAtFdcwd, process.payload.path(entry), &status,
             follow_last ? 0 : kAtSymlinkNofollow) == 0;
}

bool spell_for_kernel(long directory, const char* path, char (&spelled_path)[kLongestPath + 1]) {
  Walk walk;
  bool spelled = false;
  if (!walk_from(directory, path, true, walk, spelled)) return false;
  return (spelled || walk.moved) && spell_path(process.payload, walk, spelled_path);
}

const Entry* entry_of_descriptor(long descriptor) {
  if (const Entry* entry = raw_file(descriptor)) return entry;
  KernelStat status;
  return sys(kSysFstat, descriptor, &status) == 0 ? marked_entry(status) : nullptr;
}

const Entry* named_by_descriptor(const char* path) {
  if (text_equal(path, "/dev/stdin")) return entry_of_descriptor(0);
  const char* rest = text_after(path, "/dev/fd/");
  if (rest == nullptr) {
    rest = own_process_file(path);
    if (rest != nullptr) rest = text_after(rest, "fd/");
  }
  uint64_t descriptor = 0;
  if (rest == nullptr || !read_number(rest, descriptor) || *rest != 0) return nullptr;
  return descriptor > INT32_MAX ? nullptr : entry_of_descriptor(static_cast<long>(descriptor));
}

bool is_own_executable(const char* path) {
  const char* rest = own_process_file(path);
  return rest != nullptr && text_equal(rest, "exe");
}

bool is_bundle_file(long directory, const char* path, bool follow_last) {
  if (process.own_name == nullptr || !text_equal(path, process.own_name)) return false;
  KernelStat status;
  return sys(kSysNewfstatat, directory, path, &status, follow_last ? 0 : kAtSymlinkNofollow) == 0 &&
         status.dev == process.bundle.dev && status.ino == process.bundle.ino;
}

}  // namespace scratchpack
