#include "bundler/trace/observer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/find/sysroot.h"
#include "bundler/trace/filter.h"

namespace scratchpack {
namespace {

/// Rows of the table by number.
const Call* row_of(int number) {
  static const auto kRows = [] {
    std::array<const Call*, kCallLimit> rows{};
    for (const Call& call : kCalls) {
      if (is_watched(call)) rows[static_cast<std::size_t>(call.number)] = &call;
    }
    return rows;
  }();
  bool known = number >= 0 && number < kCallLimit;
  return known ? kRows[static_cast<std::size_t>(number)] : nullptr;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_absence(int error) { return error == ENOENT || error == ENOTDIR; }

bool executes(int number) { return number == kCall_execve || number == kCall_execveat; }

/// How an open with these flags uses a file that is there.
std::optional<Use> use_of(std::uint64_t flags) {
  if ((flags & (O_PATH | O_DIRECTORY)) != 0) return Use::looked_at;
  if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_TRUNC) != 0) return std::nullopt;
  return Use::opened;
}

}  // namespace

/// Empty when it is the tracer's own.
std::string Observer::root_of(pid_t thread) const {
  std::string root = other_roots_ ? link_of(thread, "root").value_or("") : "";
  return root == "/" ? "" : root;
}

/// The path by which the file is known. `..` is the parent of where the links before it lead, and
/// what stands before it must be there.
std::optional<std::string> Observer::absolute(pid_t thread, const NamedPath& named) {
  std::string whole = named.path;
  if (!whole.starts_with('/') || named.directory_is_root) {
    bool here = named.directory == AT_FDCWD;
    std::optional<std::string> base =
        link_of(thread, here ? "cwd" : "fd/" + std::to_string(named.directory));
    if (!base) return std::nullopt;
    if (named.directory_is_root) return inside(*base, whole);
    whole = whole.empty() ? *base : joined(*base, whole);
  } else if (std::string root = root_of(thread); !root.empty()) {
    return inside(root, whole);
  }
  std::size_t last = (whole + "/").rfind("/../");
  if (last == std::string::npos) return normal_path(whole);
  std::size_t first = (whole + "/").find("/../");
  if (first != 0) recorder_.use(normal_path(whole.substr(0, first)), Use::looked_at);
  std::string parent = real_path(whole.substr(0, last + 3));
  if (parent.empty()) return std::nullopt;
  return normal_path(parent + whole.substr(std::min(last + 3, whole.size())));
}

/// Where a path leads that no link takes out of `root`. The links on its way are recorded, too.
std::string Observer::inside(const std::string& root, const std::string& path) {
  std::vector<Hop> hops = Sysroot(root).follow(path);
  if (hops.empty()) return normal_path(root + "/" + path);
  for (const Hop& hop : hops) {
    if (!hop.target.empty()) recorder_.use(normal_path(root + hop.path), Use::looked_at);
  }
  return normal_path(root + hops.back().path);
}

bool Observer::begin(pid_t thread, const StoppedCall& call) {
  const Call* row = row_of(call.number);
  if (row == nullptr) return false;
  if (call.number == kCall_mmap || call.number == kCall_getdents64) {
    bool maps = call.number == kCall_mmap;
    if (maps && (call.arguments[2] & PROT_EXEC) == 0) return false;  // no code of it, see filter.cc
    int descriptor = static_cast<int>(call.arguments[maps ? 4 : 0]);
    auto path = link_of(thread, "fd/" + std::to_string(descriptor));
    if (path) recorder_.use_real(*path, maps ? Use::mapped : Use::listed);
    return false;
  }
  if (call.number == kCall_chroot) other_roots_ = true;
  std::optional<NamedPath> named = named_path(thread, *row, call);
  if (!named) return false;
  if (only_searches(*row) || (row->action == kOpen && !may_make(named->flags))) {
    search(thread, *named, row->action == kOpen ? use_of(named->flags) : Use::looked_at);
    return false;
  }
  std::optional<std::string> path = absolute(thread, *named);
  if (!path) return false;
  if (executes(call.number) && !is_there(*path)) {
    recorder_.miss(*path);
    return false;
  }
  begun_.insert_or_assign(
      thread, Begun{.call = row, .path = *path, .flags = named->flags, .root = root_of(thread)});
  begun_.at(thread).existed = ::access(path->c_str(), F_OK) == 0;
  return !executes(call.number);
}

void Observer::search(pid_t thread, const NamedPath& named, std::optional<Use> use) {
  if (!use || (named.flags & O_TMPFILE) == O_TMPFILE) return;
  // What is written the same way is the same: not so below a directory, or a root of its own.
  const bool plain = named.path.starts_with('/') && !named.directory_is_root && !other_roots_;
  if (plain) {
    auto settled = settled_.find(named.path);
    if (settled != settled_.end() && settled->second >= *use) return;
  }
  std::optional<std::string> path = absolute(thread, named);
  if (path && find(*path, *use, named.flags) && plain) settled_[named.path] = *use;
}

/// Whether the same again would tell nothing new.
bool Observer::find(const std::string& path, Use use, std::uint64_t open_flags) {
  struct stat status {};
  if (use == Use::opened && ::stat(path.c_str(), &status) == 0) {
    // A directory is opened to be listed, or to look for what is in it.
    if (S_ISDIR(status.st_mode)) return recorder_.use(path, Use::looked_at);
    int access = (open_flags & O_ACCMODE) == O_RDWR ? R_OK | W_OK : R_OK;
    return ::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0 && recorder_.use(path, use);
  }
  // A link that leads nowhere is there, too.
  if (::lstat(path.c_str(), &status) == 0) return recorder_.use(path, Use::looked_at);
  if (is_absence(errno)) recorder_.miss(path);
  return false;
}

void Observer::end(pid_t thread, std::int64_t result) {
  auto found = begun_.find(thread);
  if (found == begun_.end()) return;
  Begun begun = std::move(found->second);
  begun_.erase(found);
  if (result >= 0) {
    if (begun.call->action == kOpen) return end_open(begun);
    return recorder_.made(begun.path);
  }
  bool absent = is_absence(static_cast<int>(-result)) && !is_there(begun.path);
  if (begun.call->action == kOpen && absent) recorder_.miss(begun.path);
}

void Observer::end_open(const Begun& begun) {
  const bool writes = (begun.flags & O_ACCMODE) != O_RDONLY;
  const bool makes =
      ((begun.flags & O_CREAT) != 0 && !begun.existed) || ((begun.flags & O_TRUNC) != 0 && writes);
  if (makes || writes) {
    std::string real = real_path(begun.path);
    if (real.empty()) real = begun.path;
    makes ? recorder_.made(real) : recorder_.wrote(real);
  }
  if (makes) return;
  if (std::optional<Use> use = use_of(begun.flags)) find(begun.path, *use, begun.flags);
}

void Observer::executed(pid_t former) {
  auto found = begun_.find(former);
  if (found == begun_.end()) return;
  recorder_.execute(found->second.path, found->second.root);
  begun_.erase(found);
}

bool Observer::sees(const StoppedCall& call) { return row_of(call.number) != nullptr; }

bool Observer::may_wait(pid_t thread, const StoppedCall& call) {
  const Call* row = row_of(call.number);
  if (row == nullptr || row->action != kOpen) return false;
  std::optional<NamedPath> named = named_path(thread, *row, call);
  std::optional<std::string> path = named ? absolute(thread, *named) : std::nullopt;
  struct stat status {};
  if (!path || ::stat(path->c_str(), &status) != 0) return false;
  return !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace scratchpack
