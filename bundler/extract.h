// `scratchpack extract`: the payload of a bundle as ordinary files.
#pragma once

#include <string>

namespace scratchpack {

/// Writes every entry of the bundle below `directory`, the files byte for byte as they were before
/// they were packed, in their modes; the folder appears whole or not at all (see OutputDirectory).
/// Says on standard output what was written, unless `quiet`.
/// With `only_licences` the licence texts of the packages inside alone, each at the path where the
/// distribution keeps it; Error when the bundle has none.
void extract(const std::string& bundle, const std::string& directory, bool only_licences,
             bool force, bool quiet);

}  // namespace scratchpack
