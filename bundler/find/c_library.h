// The C library as a fixed set of files.
#pragma once

#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// Wants for the plan's dynamic linker and for the libraries that belong to its C library, whether
/// the application uses each or not: so this part of a root file system is the same for every
/// application of a distribution, and registries keep it once. Of glibc what programs link or load
/// by name (libm, libpthread, libresolv, the name service …), wherever its libc.so.6 lies; no
/// character sets, debugging helpers and relics. musl's linker is its library. Empty for static
/// programs.
std::vector<Want> c_library(const Plan& plan, const Sysroot& sysroot);

}  // namespace scratchpack
