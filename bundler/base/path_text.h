// Paths taken apart and put together by their text alone: absolute, without a trailing slash.
#pragma once

#include <string>

namespace scratchpack {

/// `name` in `directory`, which may be the root.
inline std::string joined(const std::string& directory, const std::string& name) {
  return directory == "/" ? "/" + name : directory + "/" + name;
}

/// What stands behind the last slash.
inline std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// What stands in front of it; "/" at least.
inline std::string directory_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace scratchpack
