// `scratchpack doctor`: the doubts about a bundle or a profile, see doubts.h.
#pragma once

#include <string>

namespace scratchpack {

/// Prints them, for people or as JSON. Throws Error for a file that is neither.
void doctor(const std::string& path, bool json);

}  // namespace scratchpack
