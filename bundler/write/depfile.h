// A dependency file for make and ninja: the output is old when one of these files is newer.
#pragma once

#include <set>
#include <string>

namespace scratchpack {

/// Writes `target: file file …` and an empty rule a file (as compilers do with -MP) to `path`,
/// whole or not at all, names escaped as make reads them. Throws Error for a name with a line
/// break, which make cannot spell.
void write_depfile(const std::string& target, const std::set<std::string>& files,
                   const std::string& path);

}  // namespace scratchpack
