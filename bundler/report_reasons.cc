#include "bundler/report_reasons.h"

#include <filesystem>
#include <set>

namespace scratchpack {

FilesByPath by_path(const Report& report) {
  FilesByPath files;
  for (const ReportFile& file : report.files) files[file.path] = &file;
  return files;
}

std::string path_in(const std::string& reason) {
  std::size_t slash = reason.find(" /");
  if (slash == std::string::npos) return "";
  return reason.substr(slash + 1);
}

namespace {

/// Where a link leads, by its text.
std::string target_of(const ReportFile& link) {
  const std::filesystem::path base = std::filesystem::path(link.path).parent_path();
  return (base / link.target).lexically_normal().string();
}

}  // namespace

const ReportFile* follow(const FilesByPath& files, std::string path) {
  for (int hop = 0; hop < 40; ++hop) {
    auto found = files.find(path);
    if (found != files.end()) {
      if (found->second->kind != "symlink") return found->second;
      path = target_of(*found->second);
      continue;
    }
    // A folder on the way may be a link: /lib -> usr/lib.
    std::size_t slash = path.rfind('/');
    for (; slash != std::string::npos && slash != 0; slash = path.rfind('/', slash - 1)) {
      auto parent = files.find(path.substr(0, slash));
      if (parent == files.end() || parent->second->kind != "symlink") continue;
      path = target_of(*parent->second) + path.substr(slash);
      break;
    }
    if (slash == std::string::npos || slash == 0) return nullptr;
  }
  return nullptr;
}

const ReportPackage* package_of_application(const Report& report) {
  const ReportFile* file = follow(by_path(report), report.application);
  if (file == nullptr || file->package.empty()) return nullptr;
  for (const ReportPackage& package : report.packages) {
    if (package.name + " " + package.version == file->package) return &package;
  }
  return nullptr;
}

const ReportFile* cause_of(const FilesByPath& files, const ReportFile& file) {
  const std::string path = path_in(file.reason);
  if (path.empty()) return nullptr;
  const ReportFile* cause = follow(files, path);
  if (cause == nullptr) cause = follow(files, path.substr(0, path.find(", ")));
  if (cause == nullptr) cause = follow(files, path.substr(0, path.find(' ')));
  return cause;
}

std::string first_reason(const FilesByPath& files, const ReportFile& file) {
  const ReportFile* current = &file;
  std::set<const ReportFile*> seen;
  while (current->reason.starts_with("needed by ") && seen.insert(current).second) {
    const ReportFile* next = follow(files, path_in(current->reason));
    if (next == nullptr) break;
    current = next;
  }
  return current->reason;
}

}  // namespace scratchpack
