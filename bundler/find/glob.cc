#include "bundler/find/glob.h"

#include <fnmatch.h>

#include <span>
#include <vector>

namespace scratchpack {
namespace {

std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) names.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

bool names_match(std::span<const std::string> patterns, std::span<const std::string> names) {
  if (patterns.empty()) return names.empty();
  if (patterns[0] != "**") {
    return !names.empty() && ::fnmatch(patterns[0].c_str(), names[0].c_str(), 0) == 0 &&
           names_match(patterns.subspan(1), names.subspan(1));
  }
  for (std::size_t skipped = 0; skipped <= names.size(); ++skipped) {
    if (names_match(patterns.subspan(1), names.subspan(skipped))) return true;
  }
  return false;
}

}  // namespace

bool glob_matches(const std::string& pattern, const std::string& path) {
  if (pattern.find('/') == std::string::npos) {
    std::string name = path.substr(path.rfind('/') + 1);
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  }
  return names_match(names_of(pattern), names_of(path));
}

}  // namespace scratchpack
