// /etc/ld.so.conf: the directories that ldconfig makes the cache from.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/sysroot.h"

namespace scratchpack {

/// The directories in order, `include` lines followed; none when the file is missing.
std::vector<std::string> ld_so_conf_directories(const Sysroot& sysroot);

}  // namespace scratchpack
