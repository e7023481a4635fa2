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

#include "bundler/base/lines.h"
#include "bundler/content/packages.h"

namespace scratchpack {
namespace {

constexpr const char* kDatabase = "/var/lib/dpkg";

/// Fields of dpkg's status file that no package brought.
constexpr std::string_view kOfInstallation[] = {"Status", "Conffiles", "Config-Version",
                                                "Triggers-Pending", "Triggers-Awaited"};

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

/// The value of a field of a stanza, its continuation lines left out; empty when it has none.
std::string field_of(std::string_view stanza, std::string_view name) {
  std::string value;
  for_each_line(stanza, [&](std::string_view line) {
    if (!line.starts_with(name) || !line.substr(name.size()).starts_with(": ")) return;
    value = line.substr(name.size() + 2);
  });
  return value;
}

/// Stanzas of the installed packages, by "name" and by "name:architecture".
std::unordered_map<std::string, std::string_view> read_stanzas(std::string_view status) {
  std::unordered_map<std::string, std::string_view> stanzas;
  for_each_paragraph(status, [&](std::string_view stanza) {
    if (!field_of(stanza, "Status").ends_with(" installed")) return;
    std::string name = field_of(stanza, "Package");
    stanzas.emplace(name, stanza);
    stanzas.insert_or_assign(name + ":" + field_of(stanza, "Architecture"), stanza);
  });
  return stanzas;
}

/// A stanza as the package itself has it: without what dpkg notes about its installation.
std::string control_of(std::string_view stanza) {
  std::string control;
  bool kept = true;
  for_each_line(stanza, [&](std::string_view line) {
    if (!line.starts_with(' ') && !line.starts_with('\t')) {
      std::string_view name = line.substr(0, line.find(':'));
      kept = std::ranges::find(kOfInstallation, name) == std::end(kOfInstallation);
    }
    if (kept) control.append(line).push_back('\n');
  });
  return control;
}

/// `listed_as`: what dpkg's files about the package are called, "zlib1g:amd64".
Package package_of(std::string_view stanza, const std::string& listed_as) {
  Package package{.name = field_of(stanza, "Package"),
                  .version = field_of(stanza, "Version"),
                  .architecture = field_of(stanza, "Architecture"),
                  .source = field_of(stanza, "Source"),
                  .source_version = {},
                  .control = control_of(stanza),
                  .listed_as = listed_as};
  package.source_version = package.version;
  if (package.source.empty()) package.source = package.name;
  // "gcc-12 (12.2.0-14)" where the binary package has a version of its own.
  if (std::size_t open = package.source.find(" ("); open != std::string::npos) {
    package.source_version = package.source.substr(open + 2);
    package.source_version.resize(package.source_version.find(')'));
    package.source.resize(open);
  }
  return package;
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

Packages name_packages(FileSet& files, const Sysroot& sysroot) {
  const std::string database = kDatabase;
  const std::optional<std::string> status = sysroot.read_text(database + "/status");
  if (!status) return {};
  const std::unordered_map<std::string, std::string_view> stanzas = read_stanzas(*status);
  const MergedDirectories merged(sysroot);
  WantedPaths wanted = wanted_paths(files, sysroot, merged);
  apply_diversions(wanted, sysroot.read_text(database + "/diversions").value_or(""), merged);

  Packages packages;
  const std::string info = sysroot.host_path(database + "/info").value_or("");
  for (const std::string& file : sysroot.list(database + "/info")) {
    if (!file.ends_with(".list")) continue;
    const std::string listed_as = file.substr(0, file.size() - 5);
    const auto stanza = stanzas.find(listed_as);
    if (stanza == stanzas.end()) continue;
    const std::string name = listed_as.substr(0, listed_as.find(':'));
    const std::string named = name + " " + field_of(stanza->second, "Version");
    const Bytes list = read_file(info + "/" + file);
    for_each_line(
        {reinterpret_cast<const char*>(list.data()), list.size()}, [&](std::string_view line) {
          auto [found, end] =
              merged.links(line) ? wanted.equal_range(merged.real(line)) : wanted.equal_range(line);
          for (; found != end; ++found) {
            const Wanted& file = found->second;
            if (!file.only.empty() && file.only != name) continue;
            if (file.not_by == name) continue;
            if (file.entry->package.empty()) file.entry->package = named;
            if (file.entry->package == named && !packages.contains(named)) {
              packages.emplace(named, package_of(stanza->second, listed_as));
            }
          }
        });
  }
  return packages;
}

std::string digests_inside(const Package& package, const FileSet& files, const Sysroot& sysroot) {
  const std::optional<std::string> all =
      sysroot.read_text(std::string(kDatabase) + "/info/" + package.listed_as + ".md5sums");
  const MergedDirectories merged(sysroot);
  std::string inside;
  for_each_line(all ? std::string_view(*all) : std::string_view(), [&](std::string_view line) {
    const std::size_t gap = line.find("  ");
    if (gap == std::string_view::npos) return;
    const auto file = files.find(merged.real("/" + std::string(line.substr(gap + 2))));
    if (file == files.end() || file->second.package != package.name + " " + package.version) return;
    inside.append(line).push_back('\n');
  });
  return inside;
}

}  // namespace scratchpack
