// Which distribution a root file system is.
#pragma once

#include <string>

#include "bundler/find/sysroot.h"

namespace scratchpack {

/// As os-release(5) says; what it does not say is empty.
struct Distribution {
  std::string id;       ///< "debian"
  std::string version;  ///< "12"
  std::string name;     ///< "Debian GNU/Linux 12 (bookworm)"
};

/// Of /etc/os-release, or of /usr/lib/os-release where that is missing.
Distribution read_distribution(const Sysroot& sysroot);

}  // namespace scratchpack
