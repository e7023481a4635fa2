// The C libraries that the rewriting is tried on: this machine's glibc and musl, and those of later
// Debian releases, fetched once into the build folder (tests/lib/fetch_libcs.sh).
#pragma once

#include <string>
#include <vector>

#include "bundler/content/rewrite.h"

namespace scratchpack {

struct CLibrary {
  std::string version;  ///< "libc6 2.36-9+deb12u10", the package
  bool musl;            ///< then linker and library are one file
  std::string library;  ///< paths
  std::string linker;
};

/// All there are. Where the later ones cannot be fetched: a loud line, and a failed check when
/// CI=true.
std::vector<CLibrary> c_libraries();

/// Rewrites one file and proves the result; the checks fail with what is wrong.
RewrittenFile rewrite_proved(const std::string& path, RewriteRole role);

/// Writes an executable file.
void write_program(const std::string& path, const Bytes& bytes);

}  // namespace scratchpack
