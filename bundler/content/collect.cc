// Plan -> file set.
//
// Each want is walked name by name as the kernel would walk it, first through what is already in
// the set and only then through the sysroot. So a link that is in the set decides for everything
// collected later, whoever put it there, and no entry can come to lie below a link.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/content/exclude.h"
#include "bundler/content/file_set.h"

namespace scratchpack {
namespace {

constexpr int kMostLinks = 40;              // as the kernel's
constexpr std::size_t kLongestPath = 1023;  // bytes; the in-place start looks up no longer ones
constexpr std::uint32_t kDirectoryMode = 0755;

std::string parent_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string read_link(const std::string& host) {
  std::string target(4096, '\0');
  ssize_t length = ::readlink(host.c_str(), target.data(), target.size());
  if (length <= 0 || static_cast<std::size_t>(length) == target.size()) {
    throw Error(fmt::format("read link {}: {}", host,
                            length < 0 ? errno_text(errno) : "its target is no path"));
  }
  target.resize(static_cast<std::size_t>(length));
  return target;
}

/// Directories must be listed as well as entered.
void check_readable(const std::string& host, FileKind kind) {
  int wanted = kind == FileKind::directory ? R_OK | X_OK : R_OK;
  if (::faccessat(AT_FDCWD, host.c_str(), wanted, AT_EACCESS) == 0) return;
  throw Error(fmt::format("read {}: {} (build as a user who may read it, or --exclude it)", host,
                          errno_text(errno)));
}

void push_names(std::deque<std::string>& names, const std::string& path) {
  std::vector<std::string> more;
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    if (!name.empty() && name != ".") more.push_back(std::move(name));
    begin = end + 1;
  }
  names.insert(names.begin(), more.begin(), more.end());
}

class Collector {
 public:
  Collector(const Sysroot& sysroot, Exclude& exclude, std::vector<std::string>* warnings,
            FileSet files = {})
      : sysroot_(sysroot), exclude_(exclude), warnings_(warnings), files_(std::move(files)) {}

  void take(const Want& want) {
    if (want.path.empty() || want.path[0] != '/') {
      throw Error(fmt::format("collect '{}': not an absolute path ({})", want.path, want.reason));
    }
    if (exclude_.takes(want.path)) return;
    if (want.content || !want.target.empty()) {
      take_made(want);
    } else if (!want.source.empty()) {
      take_source(want);
    } else {
      take_own(want);
    }
  }

  FileSet files() { return std::move(files_); }

 private:
  void warn(std::string text) {
    if (warnings_) warnings_->push_back(std::move(text));
  }

  std::string host(const std::string& real) const {
    return sysroot_.root() == "/" ? real : sysroot_.root() + real;
  }

  void put(const std::string& path, FileEntry entry) {
    if (path.size() > kLongestPath) {
      throw Error(
          fmt::format("collect {}…: the path has {} bytes, {} is the most a bundle can hold",
                      path.substr(0, 60), path.size(), kLongestPath));
    }
    files_.emplace(path, std::move(entry));
  }

  /// The real path of the last name of `path`, links on the way followed; the directories and
  /// links met are put into the set. Without `follow_last` the last name itself is not followed.
  /// Nothing when an exclude pattern is in the way; then nothing was put.
  std::optional<std::string> locate(const std::string& path, const Want& want, bool follow_last) {
    std::vector<std::pair<std::string, FileEntry>> met;
    std::deque<std::string> left;
    push_names(left, path);
    std::string here;  // without a trailing slash; the root is empty
    for (int links = 0; !left.empty();) {
      std::string name = std::move(left.front());
      left.pop_front();
      if (name == "..") {
        here = parent_of(here);
        continue;
      }
      std::string next = here + "/" + name;
      if (exclude_.takes(next)) return std::nullopt;
      bool last = left.empty();
      if (last && !follow_last) {
        here = next;
        break;
      }
      FileEntry entry = look(next, want);
      if (entry.kind == FileKind::symlink) {
        if (++links > kMostLinks) {
          throw Error(fmt::format("collect {}: its links turn in a circle", path));
        }
        if (entry.target[0] == '/') here.clear();
        push_names(left, entry.target);
        entry.container_first = last && want.container_first;
        met.emplace_back(next, std::move(entry));
        continue;
      }
      here = next;
      if (last) break;
      if (entry.kind != FileKind::directory) {
        throw Error(fmt::format("collect {}: {} is not a directory ({})", path, next, want.reason));
      }
      met.emplace_back(next, std::move(entry));
    }
    for (auto& [met_path, entry] : met) put(met_path, std::move(entry));
    return here.empty() ? "/" : here;
  }

  /// What `path` (its parents without links) is: in the set, else in the sysroot, else a directory
  /// to be made.
  FileEntry look(const std::string& path, const Want& want) {
    if (auto found = files_.find(path); found != files_.end()) return found->second;
    FileEntry entry;
    std::optional<FileStatus> status = sysroot_.lstat(path);
    entry.kind = status ? status->kind : FileKind::directory;
    entry.reason = want.reason;
    if (entry.kind == FileKind::directory) entry.mode = kDirectoryMode;
    if (entry.kind == FileKind::symlink) {
      entry.target = read_link(host(path));
      entry.mode = 0777;
    }
    return entry;
  }

  static FileEntry entry_for(const Want& want, FileKind kind, std::uint32_t mode) {
    FileEntry entry;
    entry.kind = kind;
    entry.mode = kind == FileKind::symlink     ? 0777
                 : kind == FileKind::directory ? kDirectoryMode
                 : mode & 0111                 ? 0755
                                               : 0644;
    entry.reason = want.reason;
    entry.container_first = want.container_first;
    entry.append_user = want.append_user;
    return entry;
  }

  static void refuse_kernels(const std::string& real, const Want& want) {
    if (!belongs_to_kernel(real)) return;
    throw Error(
        fmt::format("collect {}: {} comes from the container's kernel, not from a bundle ({})",
                    want.path, real, want.reason));
  }

  void take_made(const Want& want) {
    std::optional<std::string> real = locate(want.path, want, false);
    if (!real) return;
    refuse_kernels(*real, want);
    FileEntry entry = entry_for(want, want.content ? FileKind::file : FileKind::symlink, 0644);
    if (want.content) {
      entry.content = want.content;
      entry.size = want.content->size();
      if (want.mode) entry.mode = want.mode;
    } else {
      entry.target = want.target;
    }
    put(*real, std::move(entry));
  }

  // ---- files of the sysroot, at their own place ----

  void take_own(const Want& want) {
    std::optional<std::string> real = locate(want.path, want, true);
    if (!real) return;
    refuse_kernels(*real, want);
    std::optional<FileStatus> status = sysroot_.lstat(*real);
    if (!status) {
      throw Error(fmt::format("collect {}: no such file {}({})", want.path,
                              *real == want.path ? "" : "behind its link, " + *real + " ",
                              want.reason));
    }
    if (status->kind == FileKind::other) {
      throw Error(
          fmt::format("collect {}: neither a file nor a directory ({})", want.path, want.reason));
    }
    if (leave_to_engine(*real)) return;
    if (status->kind == FileKind::file) {
      put_file(*real, host(*real), *status, want);
    } else if (want.only_itself) {
      if (*real != "/") put(*real, entry_for(want, FileKind::directory, 0));
    } else {
      std::vector<std::string> links;
      take_own_tree(*real, want, links);
      for (const std::string& link : links) follow_out(link, *real, want);
    }
  }

  bool leave_to_engine(const std::string& real) {
    if (!belongs_to_engine(real)) return false;
    warn(fmt::format(
        "{}: left out, every container engine writes its own (--add-data can bring one)", real));
    return true;
  }

  void put_file(const std::string& path, const std::string& source, const FileStatus& status,
                const Want& want) {
    check_readable(source, FileKind::file);
    FileEntry entry = entry_for(want, FileKind::file, status.mode);
    if (want.mode) entry.mode = want.mode;
    entry.size = status.size;
    entry.source = source;
    put(path, std::move(entry));
  }

  /// A directory taken with all that is in it.
  static FileEntry listed_directory(const Want& want, const std::string& source) {
    FileEntry entry = entry_for(want, FileKind::directory, 0);
    entry.source = source;
    return entry;
  }

  void take_own_tree(const std::string& real, const Want& want, std::vector<std::string>& links) {
    if (!trees_.insert(real).second) return;
    check_readable(host(real), FileKind::directory);
    if (real != "/") put(real, listed_directory(want, host(real)));
    for (const std::string& name : sysroot_.list(real)) {
      std::string path = joined(real, name);
      auto known = files_.find(path);
      if (known != files_.end() && known->second.kind != FileKind::directory) continue;
      if (exclude_.takes(path) || belongs_to_kernel(path) || leave_to_engine(path)) continue;
      std::optional<FileStatus> status = sysroot_.lstat(path);
      if (!status)
        throw Error(fmt::format("read {}: it vanished while being collected", host(path)));
      switch (status->kind) {
        case FileKind::file:
          put_file(path, host(path), *status, want);
          break;
        case FileKind::directory:
          take_own_tree(path, want, links);
          break;
        case FileKind::symlink: {
          FileEntry entry = entry_for(want, FileKind::symlink, 0);
          entry.target = read_link(host(path));
          put(path, std::move(entry));
          links.push_back(path);
          break;
        }
        case FileKind::other:
          warn_special(host(path));
      }
    }
  }

  /// Brings what a link of a tree leads to. One that leads nowhere stays as it is, as on the build
  /// machine; one that leads up would bring the whole machine and stays alone as well.
  void follow_out(const std::string& link, const std::string& tree, const Want& want) {
    std::optional<std::string> real = sysroot_.resolve(link);
    if (!real || belongs_to_kernel(*real) || is_below(tree, *real)) return;
    if (is_below(*real, tree) && files_.contains(*real)) return;
    Want follow = want;
    follow.path = link;
    take_own(follow);
  }

  void warn_special(const std::string& host_path) {
    warn(fmt::format("{}: left out, a device, socket or pipe cannot go into a bundle", host_path));
  }

  // ---- files of the build machine, put elsewhere ----

  void take_source(const Want& want) {
    std::optional<FileStatus> status = machine_.stat(want.source);
    std::optional<std::string> source = machine_.resolve(want.source);
    if (!status || !source) {
      throw Error(fmt::format("collect {}: no such file ({})", want.source, want.reason));
    }
    if (status->kind == FileKind::other) {
      throw Error(
          fmt::format("collect {}: neither a file nor a directory ({})", want.source, want.reason));
    }
    bool tree = status->kind == FileKind::directory;
    std::optional<std::string> real = locate(want.path, want, tree);
    if (!real) return;
    refuse_kernels(*real, want);
    if (tree) {
      take_source_tree(*source, *source, *real, want);
    } else {
      put_file(*real, *source, *status, want);
    }
  }

  /// `source` is the directory being read, `top` the one the want named.
  void take_source_tree(const std::string& source, const std::string& top, const std::string& real,
                        const Want& want) {
    if (!sources_open_.insert(source).second) {
      warn(fmt::format("{}: left out, its link leads back to itself", real));
      return;
    }
    check_readable(source, FileKind::directory);
    if (real != "/") put(real, listed_directory(want, source));
    for (const std::string& name : machine_.list(source)) {
      Want child = want;
      child.path = joined(real, name);
      if (exclude_.takes(child.path)) continue;
      take_source_child(joined(source, name), top, child);
    }
    sources_open_.erase(source);
  }

  void take_source_child(const std::string& source, const std::string& top, const Want& want) {
    std::optional<FileStatus> status = machine_.lstat(source);
    if (status && status->kind == FileKind::symlink) {
      std::string target = read_link(source);
      std::optional<FileStatus> behind = machine_.stat(source);
      bool stays = target[0] != '/' && is_below(normal_path(parent_of(source) + "/" + target), top);
      if (stays || !behind) {
        if (!behind) warn(fmt::format("{}: a link that leads nowhere", source));
        FileEntry entry = entry_for(want, FileKind::symlink, 0);
        entry.target = target;
        put(want.path, std::move(entry));
        return;
      }
      status = behind;
    }
    std::string real_source = machine_.resolve(source).value_or(source);
    if (!status) throw Error(fmt::format("read {}: it vanished while being collected", source));
    if (status->kind == FileKind::other) return warn_special(source);
    if (status->kind == FileKind::file) return put_file(want.path, real_source, *status, want);
    // A directory may meet a link or another directory already in the bundle at this place.
    std::optional<std::string> real = locate(want.path, want, true);
    if (real) take_source_tree(real_source, top, *real, want);
  }

  const Sysroot& sysroot_;
  const Sysroot machine_{"/"};
  Exclude& exclude_;
  std::vector<std::string>* warnings_;
  std::set<std::string> trees_;         // directories of the sysroot taken whole
  std::set<std::string> sources_open_;  // directories of the build machine being read
  FileSet files_;
};

}  // namespace

FileSet collect(const Plan& plan, const Sysroot& sysroot, Exclude& excluded,
                std::vector<std::string>* warnings) {
  for (const std::string& path : {plan.launch_path, plan.interpreter}) {
    const std::string* pattern = path.empty() ? nullptr : excluded.takes(path);
    if (!pattern) continue;
    throw UsageError(
        fmt::format("--exclude {}: leaves out {}, without which nothing starts", *pattern, path));
  }
  FileSet files;
  collect_more(files, plan.wants, sysroot, excluded, warnings);
  return files;
}

FileSet collect(const Plan& plan, const Sysroot& sysroot, const std::vector<std::string>& exclude) {
  Exclude excluded(exclude);
  return collect(plan, sysroot, excluded, nullptr);
}

void collect_more(FileSet& files, const std::vector<Want>& wants, const Sysroot& sysroot,
                  Exclude& excluded, std::vector<std::string>* warnings) {
  Collector collector(sysroot, excluded, warnings, std::move(files));
  for (const Want& want : wants) collector.take(want);
  files = collector.files();
}

void note_unused(const Exclude& excluded, std::vector<std::string>& warnings) {
  for (const std::string& pattern : excluded.unused()) {
    warnings.push_back(fmt::format("--exclude {}: nothing in the bundle matches", pattern));
  }
}

}  // namespace scratchpack
