#include "bundler/unfound_imports.h"

#include <fmt/format.h>

#include <algorithm>

namespace scratchpack {
namespace {

constexpr std::size_t kMostNames = 4;

/// Nothing around the import forgives that the module is not there.
bool is_needed(const UnfoundImport& import) {
  return std::any_of(
      import.imported_by.begin(), import.imported_by.end(),
      [](const UnfoundImport::Importer& by) { return by.how.empty() && !by.standard; });
}

std::string line_of(const UnfoundImport& import) {
  std::string text = fmt::format("  missing module named {} - imported by ", import.name);
  for (std::size_t i = 0; i < import.imported_by.size(); ++i) {
    const UnfoundImport::Importer& by = import.imported_by[i];
    text += (i == 0 ? "" : ", ") + by.module;
    if (!by.how.empty()) text += fmt::format(" ({})", fmt::join(by.how, ", "));
  }
  return text + "\n";
}

}  // namespace

std::string unfound_text(const std::vector<UnfoundImport>& unfound, bool all) {
  if (unfound.empty()) return "";
  std::vector<std::string> needed;
  for (const UnfoundImport& import : unfound) {
    if (is_needed(import)) needed.push_back(import.name);
  }
  std::string text = fmt::format("Imports not found: {}", unfound.size());
  if (needed.empty()) {
    text += ", all in conditions, functions or where they may fail";
  } else {
    text += fmt::format(", {} of them needed: ", needed.size());
    for (std::size_t i = 0; i < std::min(needed.size(), kMostNames); ++i) {
      text += (i == 0 ? "" : ", ") + needed[i];
    }
    if (needed.size() > kMostNames) {
      text += fmt::format(" and {} more", needed.size() - kMostNames);
    }
  }
  if (!all) return text + " (--verbose lists them)\n";
  text += "\n";
  for (const UnfoundImport& import : unfound) text += line_of(import);
  return text;
}

}  // namespace scratchpack
