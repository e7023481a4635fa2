// Python imports that were not found, as PyInstaller's warning file lists them.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/plan.h"

namespace scratchpack {

/// One line for the summary and, of those that a module outside the standard library imports
/// unconditionally, the first few names; with `all` a line for each. Empty when there are none.
std::string unfound_text(const std::vector<UnfoundImport>& unfound, bool all);

}  // namespace scratchpack
