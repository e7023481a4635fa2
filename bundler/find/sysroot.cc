#include "bundler/find/sysroot.h"

#include <dirent.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>

#include "bundler/base/error.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

constexpr int kMostLinks = 40;  // as the kernel's
constexpr std::uint64_t kMostText = 16u << 20;

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    if (!name.empty() && name != ".") names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

std::string join(const std::vector<std::string>& names) {
  std::string path;
  for (const std::string& name : names) path += "/" + name;
  return path.empty() ? "/" : path;
}

std::optional<FileStatus> status_of(const std::string& host) {
  struct stat status {};
  if (::lstat(host.c_str(), &status) != 0) return std::nullopt;
  FileStatus result;
  result.kind = S_ISREG(status.st_mode)   ? FileKind::file
                : S_ISDIR(status.st_mode) ? FileKind::directory
                : S_ISLNK(status.st_mode) ? FileKind::symlink
                                          : FileKind::other;
  result.mode = status.st_mode & 07777;
  result.size = static_cast<std::uint64_t>(status.st_size);
  result.device = status.st_dev;
  result.inode = status.st_ino;
  return result;
}

std::string link_target(const std::string& host) {
  std::string target(4096, '\0');
  ssize_t length = ::readlink(host.c_str(), target.data(), target.size());
  target.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return target;
}

bool has_wildcard(const std::string& name) {
  return name.find_first_of("*?[") != std::string::npos;
}

/// Expands the pattern's names from `index` on, below `directory` (no trailing slash).
class Globber {
 public:
  Globber(const Sysroot& sysroot, std::vector<std::string> names)
      : sysroot_(sysroot), names_(std::move(names)) {}

  std::set<std::string> matches() {
    expand("", 0);
    return std::move(found_);
  }

 private:
  void expand(const std::string& directory, std::size_t index) {
    if (index == names_.size()) {
      if (sysroot_.stat(directory)) found_.insert(directory.empty() ? "/" : directory);
    } else if (names_[index] == "**") {
      expand_tree(directory, index);
    } else if (!has_wildcard(names_[index])) {
      expand(directory + "/" + names_[index], index + 1);
    } else {
      for (const std::string& name : sysroot_.list(directory.empty() ? "/" : directory)) {
        if (::fnmatch(names_[index].c_str(), name.c_str(), FNM_PERIOD) == 0) {
          expand(directory + "/" + name, index + 1);
        }
      }
    }
  }

  void expand_tree(const std::string& directory, std::size_t index) {
    bool last = index + 1 == names_.size();
    if (!last) expand(directory, index + 1);
    for (const std::string& name : sysroot_.list(directory.empty() ? "/" : directory)) {
      if (name[0] == '.') continue;
      std::string path = directory + "/" + name;
      if (last) expand(path, index + 1);
      std::optional<FileStatus> status = sysroot_.lstat(path);
      if (status && status->kind == FileKind::directory) expand_tree(path, index);
    }
  }

  const Sysroot& sysroot_;
  std::vector<std::string> names_;
  std::set<std::string> found_;
};

}  // namespace

std::string normal_path(const std::string& path) {
  std::vector<std::string> names;
  for (std::string& name : split_path(path)) {
    if (name != "..") {
      names.push_back(std::move(name));
    } else if (!names.empty()) {
      names.pop_back();
    }
  }
  return join(names);
}

Sysroot::Sysroot(std::string root) : root_(std::move(root)) {
  while (!root_.empty() && root_.back() == '/') root_.pop_back();
  struct stat status {};
  if (::stat(this->root().c_str(), &status) != 0) {
    throw Error(fmt::format("open root file system {}: {}", this->root(), errno_text(errno)));
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(fmt::format("open root file system {}: not a directory", this->root()));
  }
}

std::vector<Hop> Sysroot::walk(const std::string& path, bool follow_last) const {
  std::vector<Hop> hops;
  std::vector<std::string> reached;  // directories from the root down, none of them a link
  std::vector<std::string> names = split_path(path);
  std::deque<std::string> left(names.begin(), names.end());
  bool want_directory = path.ends_with('/');
  int links = 0;
  std::optional<FileStatus> here = status_of(root_ + "/");
  while (!left.empty() && here) {
    std::string name = std::move(left.front());
    left.pop_front();
    if (here->kind != FileKind::directory) return {};
    if (name == "..") {
      if (!reached.empty()) reached.pop_back();
      here = status_of(root_ + join(reached));
      continue;
    }
    std::string parent = reached.empty() ? "" : join(reached);
    Hop hop{parent + "/" + name, {}, {}};
    std::optional<FileStatus> status = status_of(root_ + hop.path);
    if (!status) return {};
    hop.status = *status;
    if (status->kind != FileKind::symlink || (left.empty() && !follow_last && !want_directory)) {
      if (status->kind == FileKind::symlink) hop.target = link_target(root_ + hop.path);
      hops.push_back(std::move(hop));
      reached.push_back(std::move(name));
      here = status;
      continue;
    }
    hop.target = link_target(root_ + hop.path);
    if (++links > kMostLinks || hop.target.empty()) return {};
    if (hop.target[0] == '/') reached.clear();
    if (left.empty() && hop.target.ends_with('/')) want_directory = true;
    std::vector<std::string> more = split_path(hop.target);
    left.insert(left.begin(), more.begin(), more.end());
    here = status_of(root_ + join(reached));
    hops.push_back(std::move(hop));
  }
  if (!here || (want_directory && here->kind != FileKind::directory)) return {};
  // After `..`, or a link to the root, the end is not yet the last hop.
  std::string end = join(reached);
  if (hops.empty() || hops.back().path != end) hops.push_back(Hop{end, *here, {}});
  return hops;
}

std::vector<Hop> Sysroot::follow(const std::string& path) const { return walk(path, true); }

std::optional<std::string> Sysroot::resolve(const std::string& path) const {
  std::vector<Hop> hops = walk(path, true);
  if (hops.empty()) return std::nullopt;
  return hops.back().path;
}

std::optional<FileStatus> Sysroot::lstat(const std::string& path) const {
  std::vector<Hop> hops = walk(path, false);
  if (hops.empty()) return std::nullopt;
  return hops.back().status;
}

std::string Sysroot::target_of(const std::string& path) const {
  std::vector<Hop> hops = walk(path, false);
  return hops.empty() ? "" : hops.back().target;
}

std::optional<FileStatus> Sysroot::stat(const std::string& path) const {
  std::vector<Hop> hops = walk(path, true);
  if (hops.empty()) return std::nullopt;
  return hops.back().status;
}

std::optional<std::string> Sysroot::host_path(const std::string& path) const {
  std::vector<Hop> hops = walk(path, true);
  if (hops.empty()) return std::nullopt;
  std::string host = root_ + hops.back().path;
  if (hops.back().status.kind == FileKind::file) files_read_.insert(host);
  return host;
}

std::optional<std::string> Sysroot::read_text(const std::string& path) const {
  std::optional<FileStatus> status = stat(path);
  if (!status || status->kind != FileKind::file) return std::nullopt;
  if (status->size > kMostText) {
    throw Error(
        fmt::format("read {}: {} bytes are too many for a configuration file", path, status->size));
  }
  Bytes bytes = read_file(*host_path(path));
  return std::string(bytes.begin(), bytes.end());
}

std::vector<std::string> Sysroot::list(const std::string& path) const {
  std::vector<std::string> names;
  std::optional<std::string> host = host_path(path);
  if (!host) return names;
  std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(host->c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> Sysroot::glob(const std::string& pattern) const {
  std::set<std::string> found = Globber(*this, split_path(pattern)).matches();
  return {found.begin(), found.end()};
}

}  // namespace scratchpack
