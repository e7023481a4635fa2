// Which distribution package brought each file, by dpkg's own database.
//
// The lists in /var/lib/dpkg/info name every file of every package, 140,000 lines on a full
// desktop, where a bundle asks for a few hundred. So the lists are read once and each line is
// looked up among the paths wanted, which keeps no table of the whole machine.
//
// dpkg knows a file by the path in its package: /lib/x86_64-linux-gnu/libc.so.6, while on a
// machine whose /lib is a link to usr/lib the file is /usr/lib/x86_64-linux-gnu/libc.so.6.
#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "bundler/content/file_set.h"

namespace scratchpack {
namespace {

constexpr const char* kDatabase = "/var/lib/dpkg";

/// Calls `use` for each line, without its newline.
template <typename Use>
void for_each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Directories of the root that are links into /usr, and what they lead to.
class MergedDirectories {
 public:
  explicit MergedDirectories(const Sysroot& sysroot) {
    for (const char* name : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
      std::optional<FileStatus> status = sysroot.lstat(name);
      if (!status || status->kind != FileKind::symlink) continue;
      names_.insert(name);
      if (auto real = sysroot.resolve(name)) links_.emplace_back(std::string(name) + "/", *real);
    }
  }

  /// Whether `path` is one of the links. Packages list them as directories, none brought them.
  bool contains(const std::string& path) const { return names_.contains(path); }

  /// Whether `path` goes through one of the links.
  bool links(std::string_view path) const {
    return std::any_of(links_.begin(), links_.end(),
                       [path](const auto& link) { return path.starts_with(link.first); });
  }

  /// The path as the file really lies.
  std::string real(std::string_view path) const {
    for (const auto& [link, target] : links_) {
      if (path.starts_with(link)) return target + std::string(path.substr(link.size() - 1));
    }
    return std::string(path);
  }

 private:
  std::set<std::string> names_;
  std::vector<std::pair<std::string, std::string>> links_;  // names with a slash behind
};

/// Versions of the installed packages, by "name" and by "name:architecture".
std::unordered_map<std::string, std::string> read_versions(std::string_view status) {
  std::unordered_map<std::string, std::string> versions;
  std::string name, architecture, version;
  bool installed = false;
  auto finish = [&] {
    if (installed && !name.empty()) {
      versions.emplace(name, version);
      versions.insert_or_assign(name + ":" + architecture, version);
    }
    name.clear();
    installed = false;
  };
  for_each_line(status, [&](std::string_view line) {
    auto value_of = [line](std::string_view key) -> std::string {
      return line.starts_with(key) ? std::string(line.substr(key.size())) : std::string();
    };
    if (line.empty()) return finish();
    if (line[0] == 'P' && line.starts_with("Package: ")) name = value_of("Package: ");
    if (line[0] == 'V' && line.starts_with("Version: ")) version = value_of("Version: ");
    if (line[0] == 'A' && line.starts_with("Architecture: ")) {
      architecture = value_of("Architecture: ");
    }
    if (line[0] == 'S' && line.starts_with("Status: ")) installed = line.ends_with(" installed");
  });
  finish();
  return versions;
}

/// A file of the set that a package may have brought.
struct Wanted {
  FileEntry* entry;
  std::string only = {};    ///< when not empty: the one package whose file it can be
  std::string not_by = {};  ///< when not empty: a package whose file of this name it is not
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using WantedPaths = std::unordered_multimap<std::string, Wanted, Hash, std::equal_to<>>;

/// Files and links by the path under which a package may have brought them: where the file lies
/// in the sysroot, wherever in the bundle it goes.
WantedPaths wanted_paths(FileSet& files, const Sysroot& sysroot, const MergedDirectories& merged) {
  WantedPaths wanted;
  std::string prefix = sysroot.root() == "/" ? "" : sysroot.root();
  for (auto& [path, entry] : files) {
    if (entry.kind == FileKind::symlink && !merged.contains(path)) {
      wanted.emplace(path, Wanted{&entry});
    } else if (entry.kind == FileKind::file && !entry.content &&
               entry.source.starts_with(prefix + "/")) {
      wanted.emplace(entry.source.substr(prefix.size()), Wanted{&entry});
    }
  }
  return wanted;
}

/// A diversion is three lines: a path, where every other package's file of that path went, and the
/// package whose file is at the path (`:` when the administrator moved it).
void apply_diversions(WantedPaths& wanted, std::string_view text, const MergedDirectories& merged) {
  std::array<std::string, 3> lines;
  std::size_t count = 0;
  for_each_line(text, [&](std::string_view line) {
    lines[count++] = std::string(line);
    if (count < lines.size()) return;
    count = 0;
    std::string from = merged.real(lines[0]);
    std::vector<FileEntry*> moved;
    auto [first, last] = wanted.equal_range(merged.real(lines[1]));
    for (auto file = first; file != last; ++file) moved.push_back(file->second.entry);
    for (auto [file, end] = wanted.equal_range(from); file != end; ++file) {
      file->second.only = lines[2];
    }
    for (FileEntry* entry : moved) wanted.emplace(from, Wanted{entry, {}, lines[2]});
  });
}

}  // namespace

void name_packages(FileSet& files, const Sysroot& sysroot) {
  std::string database = kDatabase;
  std::optional<std::string> status = sysroot.read_text(database + "/status");
  if (!status) return;
  std::unordered_map<std::string, std::string> versions = read_versions(*status);
  MergedDirectories merged(sysroot);
  WantedPaths wanted = wanted_paths(files, sysroot, merged);
  apply_diversions(wanted, sysroot.read_text(database + "/diversions").value_or(""), merged);

  std::string info = sysroot.host_path(database + "/info").value_or("");
  for (const std::string& file : sysroot.list(database + "/info")) {
    if (!file.ends_with(".list")) continue;
    std::string package = file.substr(0, file.size() - 5);
    auto version = versions.find(package);
    if (version == versions.end()) continue;
    std::string name = package.substr(0, package.find(':'));
    Bytes list = read_file(info + "/" + file);
    for_each_line(
        {reinterpret_cast<const char*>(list.data()), list.size()}, [&](std::string_view line) {
          auto [found, end] =
              merged.links(line) ? wanted.equal_range(merged.real(line)) : wanted.equal_range(line);
          for (; found != end; ++found) {
            const Wanted& file = found->second;
            if (!file.only.empty() && file.only != name) continue;
            if (file.not_by == name || !file.entry->package.empty()) continue;
            file.entry->package = name + " " + version->second;
          }
        });
  }
}

}  // namespace scratchpack
