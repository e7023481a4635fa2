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

/// Whether it is `folder` or lies in it.
inline bool is_below(const std::string& path, const std::string& directory) {
  return directory == "/" || path == directory || path.starts_with(directory + "/");
}

/// These hold what the container's kernel says, not files.
inline bool belongs_to_kernel(const std::string& path) {
  return is_below(path, "/proc") || is_below(path, "/sys") || is_below(path, "/dev");
}

/// Every container engine mounts its own over these.
inline bool belongs_to_engine(const std::string& path) {
  return path == "/etc/hosts" || path == "/etc/resolv.conf" || path == "/etc/hostname";
}

}  // namespace scratchpack
