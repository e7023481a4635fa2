#include "bundler/write/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "bundler/base/error.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

/// The nanoseconds of the change time of every folder this file wrote: any other program that adds
/// or removes a name in the folder changes them.
constexpr long kOurNanoseconds = 525'732'117;

[[noreturn]] void fail(const char* verb, const std::string& path, int number) {
  throw Error(fmt::format("{} {}: {}{}", verb, path, errno_text(number),
                          number == ENOSPC ? " (free some space or choose another place)" : ""));
}

struct timespec stamp(std::uint64_t time, long nanoseconds) {
  struct timespec moment {};
  moment.tv_sec = static_cast<time_t>(time);
  moment.tv_nsec = nanoseconds;
  return moment;
}

void set_time(const std::string& path, std::uint64_t time, long nanoseconds) {
  struct timespec times[2] = {stamp(time, nanoseconds), stamp(time, nanoseconds)};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    fail("write", path, errno);
  }
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// Whether the folder is the working directory or lies above it.
bool holds_working_directory(const std::string& path) {
  std::error_code code;
  fs::path target = fs::canonical(path, code);
  if (code) return false;
  for (fs::path here = fs::current_path();; here = here.parent_path()) {
    if (here == target) return true;
    if (here == here.root_path()) return false;
  }
}

/// A mount point inside the folder, or nothing. Removing through one would empty what is mounted
/// there: people mount /proc and /dev into a root file system to try it.
std::string mount_inside(const std::string& path) {
  std::error_code code;
  fs::recursive_directory_iterator walk(path, code);
  for (; !code && walk != fs::recursive_directory_iterator(); walk.increment(code)) {
    struct statx status {};
    if (::statx(AT_FDCWD, walk->path().c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE,
                &status) != 0) {
      fail("read", walk->path(), errno);
    }
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return walk->path();
  }
  if (code) throw Error(fmt::format("read {}: {}", path, code.message()));
  return "";
}

}  // namespace

void check_output_directory(const std::string& name, bool force) {
  std::string path = without_trailing_slash(name);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return check_output_file(path);
    fail("write", path, errno);
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(fmt::format("write {}: exists and is no folder (name another)", path));
  }
  if (holds_working_directory(path)) {
    throw Error(fmt::format("write {}: the working directory lies there (name another)", path));
  }
  bool ours = status.st_mtim.tv_nsec == kOurNanoseconds;
  if (!ours && !force && !fs::is_empty(path)) {
    throw Error(
        fmt::format("write {}: the folder holds files scratchpack did not write (name "
                    "another, or replace it with --force)",
                    path));
  }
  if (std::string mount = mount_inside(path); !mount.empty()) {
    throw Error(
        fmt::format("write {}: something is mounted at {} (unmount it first)", path, mount));
  }
}

OutputDirectory::OutputDirectory(const std::string& path, std::uint64_t time, bool force)
    : path_(without_trailing_slash(path)), time_(time) {
  check_output_directory(path_, force);
  struct stat status {};
  replaces_ = ::lstat(path_.c_str(), &status) == 0;
  temporary_ = path_ + ".XXXXXX";
  HeldSignals held;
  if (::mkdtemp(temporary_.data()) == nullptr) {
    int number = errno;
    temporary_.clear();
    fail("write", path_, number);
  }
  unfinished_.reset(temporary_);
}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void OutputDirectory::add(const std::string& path, const FileEntry& entry,
                          std::span<const std::uint8_t> content) {
  if (path == "/") return;
  std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? "" : path.substr(slash + 1);
  bool placed = slash == 0 || (slash != std::string::npos &&
                               folders_.contains(temporary_ + path.substr(0, slash)));
  if (!placed || name.empty() || name == "." || name == "..") {
    throw Error(fmt::format("write {}: the path {} has no folder of its own", path_, path));
  }
  std::string place = temporary_ + path;
  if (entry.kind == FileKind::directory) {
    // Writable for us until the end, whatever its mode will be.
    if (::mkdir(place.c_str(), 0700) != 0) fail("write", path_ + path, errno);
    if (::chmod(place.c_str(), entry.mode | 0700) != 0) fail("write", path_ + path, errno);
    folders_.insert(place);
    return;
  }
  if (entry.kind == FileKind::symlink) {
    if (::symlink(entry.target.c_str(), place.c_str()) != 0) fail("write", path_ + path, errno);
    set_time(place, time_, 0);
    return;
  }
  Descriptor file(::open(place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) fail("write", path_ + path, errno);
  while (!content.empty()) {
    ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("write", path_ + path, count < 0 ? errno : ENOSPC);
    content = content.subspan(static_cast<std::size_t>(count));
  }
  if (::fchmod(file.get(), entry.mode) != 0) fail("write", path_ + path, errno);
  if (::close(file.release()) != 0) fail("write", path_ + path, errno);
  set_time(place, time_, 0);
}

void OutputDirectory::commit() {
  for (const std::string& folder : folders_) set_time(folder, time_, 0);
  if (::chmod(temporary_.c_str(), 0755) != 0) fail("write", path_, errno);
  set_time(temporary_, time_, kOurNanoseconds);
  if (!replaces_) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("write", path_, errno);
    unfinished_.reset("");
    temporary_.clear();
    return;
  }
  // The new folder is whole before the old one goes; what is then called temporary is the old one.
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) != 0) {
    fail("replace", path_, errno);
  }
  std::error_code code;
  fs::remove_all(temporary_, code);
  std::string old = std::exchange(temporary_, "");
  if (code) throw Error(fmt::format("remove {}: {}", old, code.message()));
}

std::uint64_t write_directory(const FileSet& files, std::uint64_t time, const std::string& output,
                              bool force, const std::function<void(std::uint64_t)>& step) {
  OutputDirectory directory(output, time, force);
  std::uint64_t total = 0;
  for (const auto& [path, entry] : files) {
    if (entry.kind != FileKind::file) {
      directory.add(path, entry, {});
      continue;
    }
    EntryContent content(entry);
    directory.add(path, entry, content.bytes());
    total += content.bytes().size();
    if (step) step(content.bytes().size());
  }
  directory.commit();
  return total;
}

}  // namespace scratchpack
