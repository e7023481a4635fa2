// The --exclude patterns, and whether each of them was of any use.
#pragma once

#include <string>
#include <vector>

namespace scratchpack {

class Exclude {
 public:
  explicit Exclude(std::vector<std::string> patterns);

  /// The pattern that takes `path` out: one that matches it or one of its parents (glob.h).
  /// Null when it stays.
  const std::string* takes(const std::string& path);

  /// Patterns that have taken nothing out so far, in the order given.
  std::vector<std::string> unused() const;

 private:
  std::vector<std::string> patterns_;
  std::vector<bool> used_;
};

}  // namespace scratchpack
