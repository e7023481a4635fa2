#include "bootloader/leftovers.h"

#include "bootloader/placement.h"
#include "runtime/arch/x86_64/syscall.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

constexpr const char* kMovingPrefix = ".sp+";
constexpr uint64_t kBeingMade = 60;  // seconds
constexpr long kSysRename = 82;
constexpr uint64_t kOwnerSize = 160;

struct DirectoryEntry {
  uint64_t ino;
  int64_t next;
  uint16_t length;
  uint8_t type;
  char name[1];
};

/// Calls `visit(name)` for every name in a directory but `.` and `..`; it returns false to stop.
template <typename Visit>
void for_each_name(const char* path, Visit visit) {
  const ScopedDescriptor directory(
      sys(kSysOpenat, kAtFdcwd, path, kOpenDirectory | kOpenCloexec | kOpenNofollow, 0));
  if (!directory.valid()) return;
  alignas(8) char buffer[4096];
  for (;;) {
    const long size = sys(kSysGetdents64, directory.get(), buffer, sizeof buffer);
    if (size <= 0) return;
    for (long at = 0; at < size;) {
      const DirectoryEntry& entry = *reinterpret_cast<const DirectoryEntry*>(buffer + at);
      at += entry.length;
      if (text_equal(entry.name, ".") || text_equal(entry.name, "..")) continue;
      if (!visit(entry.name)) return;
    }
  }
}

/// "PID STARTTIME NAMESPACE" of a process, as in the owner file; false when there is none.
bool describe_process(const char* pid, TextBuilder& text) {
  char path[64];
  TextBuilder name(path, sizeof path);
  name.add("/proc/").add(pid).add("/stat");
  char stat[1024];
  {
    const ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, path, kOpenCloexec, 0));
    if (!file.valid()) return false;
    const long size = sys(kSysRead, file.get(), stat, sizeof stat - 1);
    if (size <= 0) return false;
    stat[size] = 0;
  }
  // The name in parentheses may hold anything; fields are counted behind its last parenthesis.
  const char* at = stat;
  for (const char* p = stat; *p != 0; ++p) {
    if (*p == ')') at = p;
  }
  const char* number = stat;
  while (*number >= '0' && *number <= '9') ++number;
  text.add(stat, static_cast<uint64_t>(number - stat));
  for (int field = 2; *at != 0 && field < 22; ++at) {
    if (*at == ' ') ++field;
  }
  const char* end = at;
  while (*end != 0 && *end != ' ') ++end;
  char space[64];
  const long length = sys(kSysReadlinkat, kAtFdcwd, "/proc/self/ns/pid", space, sizeof space);
  if (length <= 0) return false;
  text.add(" ").add(at, static_cast<uint64_t>(end - at)).add(" ");
  text.add(space, static_cast<uint64_t>(length));
  return true;
}

bool read_owner(const char* place, char* text, uint64_t size) {
  char path[600];
  TextBuilder name(path, sizeof path);
  name.add(place).add(kOwnerFile);
  const ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, path, kOpenCloexec | kOpenNofollow, 0));
  if (!file.valid()) return false;
  const long count = sys(kSysRead, file.get(), text, size - 1);
  if (count <= 0) return false;
  text[count] = 0;
  return true;
}

bool owner_alive(const char* owner) {
  char pid_text[24];
  TextBuilder pid(pid_text, sizeof pid_text);
  for (const char* at = owner; *at >= '0' && *at <= '9'; ++at) pid.add(at, 1);
  char now_text[kOwnerSize];
  TextBuilder now(now_text, sizeof now_text);
  return describe_process(pid.text(), now) && text_equal(now.text(), owner);
}

/// Whether a process runs a program out of the tree: a daemon lives on when its owner has ended.
bool in_use(const char* place) {
  bool used = false;
  for_each_name("/proc", [&](const char* name) {
    if (name[0] < '0' || name[0] > '9') return true;
    char link[300];
    TextBuilder path(link, sizeof link);
    path.add("/proc/").add(name).add("/exe");
    char target[1024];
    const long length = sys(kSysReadlinkat, kAtFdcwd, link, target, sizeof target - 1);
    if (length <= 0) return true;
    target[length] = 0;
    const char* rest = text_after(target, place);
    used = rest != nullptr && *rest == '/';
    return !used;
  });
  return used;
}

/// An owner of another PID namespace cannot be judged from here.
bool same_namespace(const char* owner) {
  char space[64];
  const long length = sys(kSysReadlinkat, kAtFdcwd, "/proc/self/ns/pid", space, sizeof space - 1);
  if (length <= 0) return false;
  space[length] = 0;
  const char* last = owner;
  for (const char* at = owner; *at != 0; ++at) {
    if (*at == ' ') last = at + 1;
  }
  return text_equal(last, space);
}

bool is_own_directory(const char* path, KernelStat& status) {
  return sys(kSysNewfstatat, kAtFdcwd, path, &status, kAtSymlinkNofollow) == 0 &&
         (status.mode & 0170000) == kModeDirectory &&
         status.uid == static_cast<uint32_t>(sys(kSysGeteuid));
}

bool unused(const char* place) {
  KernelStat status;
  if (!is_own_directory(place, status)) return false;
  char owner[kOwnerSize];
  if (!read_owner(place, owner, sizeof owner)) {
    KernelTimespec now = {};
    sys(kSysClockGettime, 0, &now);
    return status.ctime + kBeingMade < static_cast<uint64_t>(now.seconds);
  }
  return same_namespace(owner) && !owner_alive(owner) && !in_use(place);
}

/// PARENT/.sp+NAME+OWNER with ourselves as the owner. False without /proc.
bool moving_path(const char* parent, const char* name, TextBuilder& path) {
  char text[kOwnerSize];
  TextBuilder owner(text, sizeof text);
  if (!describe_process("self", owner)) return false;
  path.add(parent, text_equal(parent, "/") ? 0 : text_length(parent)).add("/");
  path.add(kMovingPrefix).add(name).add("+").add(text);
  return path.fits() && owner.fits();
}

void remove_level(const char* path, int depth) {
  char child[1024];
  for_each_name(path, [&](const char* name) {
    if (depth == 0 && text_equal(name, kOwnerFile + 1)) return true;
    TextBuilder text(child, sizeof child);
    text.add(path).add("/").add(name);
    if (!text.fits()) return true;
    if (sys(kSysUnlinkat, kAtFdcwd, child, 0) == -kEISDIR && depth < 64) {
      remove_level(child, depth + 1);
    }
    return true;
  });
  if (depth == 0) {
    // The owner last: a removal that is killed itself leaves a tree that can still be judged.
    TextBuilder text(child, sizeof child);
    text.add(path).add(kOwnerFile);
    if (text.fits()) sys(kSysUnlinkat, kAtFdcwd, child, 0);
  }
  sys(kSysUnlinkat, kAtFdcwd, path, kAtRemovedir);
}

}  // namespace

void remove_tree(const char* path) { remove_level(path, 0); }

namespace {

long write_owner(const char* place) {
  char text[kOwnerSize];
  TextBuilder owner(text, sizeof text);
  if (!describe_process("self", owner)) return -kENOENT;
  char path[700];
  TextBuilder name(path, sizeof path);
  name.add(place).add(kOwnerFile);
  ScopedDescriptor file(sys(kSysOpenat, kAtFdcwd, path,
                            kOpenWriteOnly | kOpenCreate | kOpenExclusive | kOpenCloexec, 0600));
  if (!file.valid()) return file.get();
  const long count = sys(kSysWrite, file.get(), text, owner.length());
  const long closed = file.close();
  if (count != static_cast<long>(owner.length())) return failed(count) ? count : -kENOSPC;
  return failed(closed) ? closed : 0;
}

/// A tree on its way in or out: its name says whose work it is.
void remove_if_abandoned(const char* path, const char* rest_of_name) {
  KernelStat status;
  while (*rest_of_name != 0 && *rest_of_name != '+') ++rest_of_name;
  if (*rest_of_name == 0 || !is_own_directory(path, status)) return;
  const char* owner = rest_of_name + 1;
  if (same_namespace(owner) && !owner_alive(owner)) remove_tree(path);
}

void remove_if_unused(const char* parent, const char* path, const char* name) {
  if (!unused(path)) return;
  char moving[700];
  TextBuilder text(moving, sizeof moving);
  // Only one of several removers gets to rename it.
  if (moving_path(parent, name, text) && sys(kSysRename, path, moving) == 0) remove_tree(moving);
}

}  // namespace

long make_owned_directory(const char* parent, const char* name, const char* place) {
  char moving[700];
  TextBuilder text(moving, sizeof moving);
  // Without /proc nobody can tell whether an owner lives; nobody will remove anything either.
  if (!moving_path(parent, name, text)) return sys(kSysMkdirat, kAtFdcwd, place, 0700);
  long result = sys(kSysMkdirat, kAtFdcwd, moving, 0700);
  if (failed(result)) return result;
  sys(kSysFchmodat, kAtFdcwd, moving, 0700);  // whatever the umask
  result = write_owner(moving);
  if (!failed(result)) result = sys(kSysRename, moving, place);
  if (failed(result)) remove_tree(moving);
  return result;
}

void remove_leftovers(const char* parent) {
  for_each_name(parent, [&](const char* name) {
    const char* place_name = text_after(name, kPlacePrefix);
    const char* moving_name = text_after(name, kMovingPrefix);
    if (place_name == nullptr && moving_name == nullptr) return true;
    char path[700];
    TextBuilder text(path, sizeof path);
    text.add(parent, text_equal(parent, "/") ? 0 : text_length(parent)).add("/").add(name);
    if (!text.fits()) return true;
    if (place_name != nullptr) {
      remove_if_unused(parent, path, place_name);
    } else {
      remove_if_abandoned(path, moving_name);
    }
    return true;
  });
}

}  // namespace scratchpack
