#include "bundler/content/exclude.h"

#include "bundler/find/glob.h"

namespace scratchpack {

Exclude::Exclude(std::vector<std::string> patterns)
    : patterns_(std::move(patterns)), used_(patterns_.size()) {}

const std::string* Exclude::takes(const std::string& path) {
  for (std::size_t index = 0; index < patterns_.size(); ++index) {
    for (std::string name = path; name.size() > 1; name.resize(name.rfind('/'))) {
      if (!glob_matches(patterns_[index], name)) continue;
      used_[index] = true;
      return &patterns_[index];
    }
  }
  return nullptr;
}

std::vector<std::string> Exclude::unused() const {
  std::vector<std::string> patterns;
  for (std::size_t index = 0; index < patterns_.size(); ++index) {
    if (!used_[index]) patterns.push_back(patterns_[index]);
  }
  return patterns;
}

}  // namespace scratchpack
