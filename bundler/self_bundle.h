// The tool as a bundle of itself, for build stages that have none of its libraries.
#pragma once

#include <string>

namespace scratchpack {

/// Writes the running tool to `output` as one executable. It extracts itself when it starts: in
/// place it would see its own libraries instead of the build stage's, which it is to look at.
/// An existing file that is no bundle is left alone (Error) unless `force`.
void write_self_bundle(const std::string& output, bool force);

}  // namespace scratchpack
