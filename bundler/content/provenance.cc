#include "bundler/content/provenance.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "bundler/content/licences.h"

namespace scratchpack {
namespace {

constexpr const char* kDatabase = "/var/lib/dpkg/status.d/";

/// Wants of files that the sysroot may have, each once.
class Wants {
 public:
  explicit Wants(const Sysroot& sysroot) : sysroot_(sysroot) {}

  /// Whether it is there.
  bool add(const std::string& path, const std::string& reason) {
    const std::optional<FileStatus> status = sysroot_.stat(path);
    if (!status || status->kind != FileKind::file) return false;
    if (seen_.insert(path).second) wants_.push_back({.path = path, .reason = reason});
    return true;
  }

  std::vector<Want> take() { return std::exchange(wants_, {}); }

 private:
  const Sysroot& sysroot_;
  std::set<std::string> seen_;
  std::vector<Want> wants_;
};

void want_licences(Wants& wants, const Packages& packages, const Sysroot& sysroot) {
  for (const auto& [named, package] : packages) {
    const std::string path = licence_path(package);
    if (!wants.add(path, "licences: of " + package.name)) continue;
    for (const std::string& common : common_licences(sysroot.read_text(path).value_or(""))) {
      wants.add(common, "licences: of " + package.name);
    }
  }
}

std::vector<Want> database(const Packages& packages, const FileSet& files, const Sysroot& sysroot) {
  std::vector<Want> wants;
  for (const auto& [named, package] : packages) {
    Want want{.path = kDatabase + package.name, .reason = "package database: for scanners"};
    want.content = package.control;
    wants.push_back(want);
    want.path += ".md5sums";
    want.content = digests_inside(package, files, sysroot);
    if (!want.content->empty()) wants.push_back(std::move(want));
  }
  return wants;
}

}  // namespace

void add_provenance(FileSet& files, Packages& packages, const Sysroot& sysroot, Exclude& excluded,
                    std::vector<std::string>* warnings) {
  Wants wants(sysroot);
  if (!wants.add("/etc/os-release", "os-release: names the distribution")) {
    wants.add("/usr/lib/os-release", "os-release: names the distribution");
  }
  want_licences(wants, packages, sysroot);
  // The texts belong to packages, too, and these have a licence in turn.
  for (std::vector<Want> next = wants.take(); !next.empty(); next = wants.take()) {
    collect_more(files, next, sysroot, excluded, warnings);
    packages = name_packages(files, sysroot);
    want_licences(wants, packages, sysroot);
  }
  collect_more(files, database(packages, files, sysroot), sysroot, excluded, warnings);
}

}  // namespace scratchpack
