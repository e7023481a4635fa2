// --strip: the files of a bundle without symbols and debug information.
#pragma once

#include <string>
#include <vector>

#include "bundler/content/file_set.h"

namespace scratchpack {

struct StripOptions {
  std::vector<std::string> keep_symbols = {};  ///< patterns of paths, as those of --exclude
  unsigned threads = 0;                        ///< 0: as many as the machine has
};

/// Strips every program and library of the build machine (strip_elf.h), and sets the entries'
/// `stripped` or `unstripped`. Files that a checksum of theirs lies beside (.hmac, .chk) or that a
/// configuration names one of (OpenSSL's fips.so) stay, as they would refuse to work. Patterns that
/// kept nothing go to `warnings`.
void strip_files(FileSet& files, const StripOptions& options, std::vector<std::string>& warnings);

}  // namespace scratchpack
