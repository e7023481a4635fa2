#include "bundler/trace/observer.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <utility>

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

bool is_absence(std::int64_t result) { return result == -ENOENT || result == -ENOTDIR; }

/// How an open with these flags uses a file that is there.
std::optional<Use> use_of(std::uint64_t flags) {
  if ((flags & (O_PATH | O_DIRECTORY)) != 0) return Use::looked_at;
  if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_TRUNC) != 0) return std::nullopt;
  return Use::opened;
}

}  // namespace

/// The path by which the file is known. `..` is the parent of where the links before it lead, and
/// what stands before it must be there.
std::optional<std::string> Observer::absolute(pid_t thread, std::optional<int> directory,
                                              const std::string& path) {
  std::string whole = path;
  if (path.starts_with('/')) {
    std::optional<std::string> root = link_of(thread, "root");
    if (root && *root != "/") whole = joined(*root, path);
  } else {
    bool here = !directory || *directory == AT_FDCWD;
    std::optional<std::string> base =
        link_of(thread, here ? "cwd" : "fd/" + std::to_string(*directory));
    if (!base) return std::nullopt;
    whole = path.empty() ? *base : joined(*base, path);
  }
  std::size_t last = (whole + "/").rfind("/../");
  if (last == std::string::npos) return normal_path(whole);
  std::size_t first = (whole + "/").find("/../");
  if (first != 0) recorder_.use(normal_path(whole.substr(0, first)), Use::looked_at);
  std::unique_ptr<char, decltype(&std::free)> parent(
      ::realpath(whole.substr(0, last + 3).c_str(), nullptr), &std::free);
  if (!parent) return std::nullopt;
  return normal_path(std::string(parent.get()) + whole.substr(std::min(last + 3, whole.size())));
}

/// Of the arguments at these places; nothing for a call on a descriptor.
std::optional<std::string> Observer::named(pid_t thread, const StoppedCall& call, int directory_at,
                                           int path_at) {
  auto argument = [&](int at) { return call.arguments[static_cast<std::size_t>(at)]; };
  std::optional<std::string> text = text_at(thread, argument(path_at));
  if (!text) return std::nullopt;
  std::optional<int> directory;
  if (directory_at >= 0) directory = static_cast<int>(argument(directory_at));
  bool executes = call.number == kCall_execveat;
  if (text->empty() && !executes) return std::nullopt;
  return absolute(thread, directory, *text);
}

std::optional<std::string> Observer::path_of(pid_t thread, const Call& row,
                                             const StoppedCall& call) {
  if (call.number == kCall_execveat) return named(thread, call, 0, 1);
  bool two = row.action == kRename || row.action == kLink;
  switch (row.path) {
    case kFirst:
      return named(thread, call, -1, two ? 1 : 0);
    case kSecond:
      return named(thread, call, -1, 1);
    case kFirstAt:
      return two ? named(thread, call, 2, 3) : named(thread, call, 0, 1);
    case kSecondAt:
      return named(thread, call, 1, 2);
    case kNoPath:
      return named(thread, call, -1, 0);  // execve, chdir, chroot
  }
  return std::nullopt;
}

bool Observer::begin(pid_t thread, const StoppedCall& call) {
  const Call* row = row_of(call.number);
  if (row == nullptr) return false;
  if (call.number == kCall_mmap || call.number == kCall_getdents64) {
    bool maps = call.number == kCall_mmap;
    std::uint64_t descriptor = call.arguments[maps ? 4 : 0];
    auto path = link_of(thread, "fd/" + std::to_string(static_cast<int>(descriptor)));
    if (path) recorder_.use_real(*path, maps ? Use::mapped : Use::listed);
    return false;
  }
  std::optional<std::string> path = path_of(thread, *row, call);
  if (!path) return false;
  Begun begun{.call = row, .path = std::move(*path)};
  if (row->action == kOpen) {
    if (!begin_open(thread, call, begun)) return false;
  } else if (row->action == kLook && recorder_.knows(begun.path, Use::looked_at)) {
    return false;
  }
  bool searches = row->action == kLook || row->action == kOpen;
  if (searches && recorder_.missed(begun.path) && !is_there(begun.path)) return false;
  begun_.insert_or_assign(thread, std::move(begun));
  return true;
}

/// False when nothing is to be learned from the open.
bool Observer::begin_open(pid_t thread, const StoppedCall& call, Begun& begun) const {
  begun.flags = call.arguments[begun.call->path == kFirstAt ? 2 : 1];
  if (call.number == kCall_creat) begun.flags = O_CREAT | O_WRONLY | O_TRUNC;
  if (call.number == kCall_openat2) {
    open_how how{};
    if (!bytes_at(thread, call.arguments[2], &how, sizeof how)) return false;
    begun.flags = how.flags;
  }
  if ((begun.flags & O_CREAT) != 0) {
    begun.existed = is_there(begun.path);
    return true;
  }
  if ((begun.flags & O_TMPFILE) == O_TMPFILE) return false;
  std::optional<Use> use = use_of(begun.flags);
  return !use || !recorder_.knows(begun.path, *use);
}

void Observer::end(pid_t thread, std::int64_t result) {
  auto found = begun_.find(thread);
  if (found == begun_.end()) return;
  Begun begun = std::move(found->second);
  begun_.erase(found);
  if (result < 0) return fail(begun, result);
  switch (begun.call->action) {
    case kOpen:
      return end_open(thread, begun, result);
    case kCreate:
    case kRename:
    case kLink:
      return recorder_.made(begun.path);
    default:  // looks, and chdir; after chroot all paths are recorded below the new root
      return recorder_.use(begun.path, Use::looked_at);
  }
}

void Observer::end_open(pid_t thread, const Begun& begun, std::int64_t result) {
  bool creates = (begun.flags & O_CREAT) != 0 && !begun.existed;
  bool overwrites = (begun.flags & O_TRUNC) != 0 && (begun.flags & O_ACCMODE) != O_RDONLY;
  if (creates || overwrites) return recorder_.made(begun.path);
  std::optional<Use> use = use_of(begun.flags);
  if (!use) return;
  std::string real = link_of(thread, "fd/" + std::to_string(result)).value_or("");
  struct stat status {};
  // A directory is opened to be listed, or to look for what is in it.
  bool directory = ::stat(begun.path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  recorder_.use(begun.path, directory ? Use::looked_at : *use, real);
}

void Observer::fail(const Begun& begun, std::int64_t result) {
  bool searches =
      begun.call->action == kLook || begun.call->action == kOpen || begun.call->action == kOther;
  if (!searches) return;
  if (is_absence(result)) {
    // An execve says so of a missing interpreter, too.
    if (!is_there(begun.path)) recorder_.miss(begun.path);
  } else if (begun.call->action == kLook && is_there(begun.path)) {
    // readlink of what is no link, access to what may not be written.
    recorder_.use(begun.path, Use::looked_at);
  }
}

void Observer::executed(pid_t former) {
  auto found = begun_.find(former);
  if (found == begun_.end()) return;
  recorder_.execute(found->second.path);
  begun_.erase(found);
}

}  // namespace scratchpack
