// What the machine's own dynamic linkers say about a file, to hold the walk against. They map the
// libraries and run nothing of them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "bundler/find/resolve.h"

namespace scratchpack {

/// What is loaded, as "name => real path" in the order of loading and without the linker itself;
/// what is not found, as "name => not found", each once.
struct Answer {
  std::vector<std::string> loaded;
  std::set<std::string> missing;
  bool operator==(const Answer&) const = default;
};

/// Asks a linker what it would load for `path`, without glibc-hwcaps directories other than
/// `hwcaps` (comma-separated levels). Run in `directory`, where nothing should lie.
Answer answer_of_linker(const std::string& linker, const std::string& path,
                        const std::string& directory, const std::vector<std::string>& library_path,
                        const std::string& hwcaps = "none");

/// The walk's answer. `linker` loads the file if it is a library.
Answer answer_of_walk(const std::string& linker, const std::string& path,
                      const ResolveOptions& options);

/// Lines of `one` that `other` lacks, for a failure's message.
std::string only_in(const Answer& one, const Answer& other);

}  // namespace scratchpack
