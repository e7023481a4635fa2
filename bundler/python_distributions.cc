#include "bundler/python_distributions.h"

#include <optional>

#include "bundler/base/path_text.h"

namespace scratchpack {
namespace {

/// PEP 503: case, and which of `-_.` separates, make no difference.
std::string normal_name(std::string_view name) {
  std::string normal;
  for (char c : name) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (separator && normal.ends_with('-')) continue;
    normal += separator ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return normal;
}

std::optional<PythonDistribution> named(std::string_view metadata) {
  const auto dot = metadata.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view kind = metadata.substr(dot);
  if (kind != ".dist-info" && kind != ".egg-info") return std::nullopt;
  metadata.remove_suffix(kind.size());
  if (kind == ".egg-info") {
    const auto python = metadata.rfind("-py3");
    if (python != std::string_view::npos) metadata = metadata.substr(0, python);
  }
  const auto dash = metadata.rfind('-');  // a version has none
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == metadata.size())
    return std::nullopt;
  return PythonDistribution{normal_name(metadata.substr(0, dash)),
                            std::string(metadata.substr(dash + 1))};
}

}  // namespace

std::set<PythonDistribution> python_distributions(const Report& report) {
  std::set<PythonDistribution> found;
  for (const ReportFile& file : report.files) {
    if (file.kind != "file" || !file.package.empty()) continue;
    const std::string name = last_name(file.path);
    const bool in_folder = name == "METADATA" || name == "PKG-INFO";
    if (auto one = named(in_folder ? last_name(directory_of(file.path)) : name)) found.insert(*one);
  }
  return found;
}

}  // namespace scratchpack
