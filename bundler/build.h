// `scratchpack build`, and the stages it shares with nobody.
#pragma once

#include "bundler/options.h"

namespace scratchpack {

/// Builds what the options ask for, and prints the summary: on standard output, warnings and
/// progress on standard error. Throws Error when it fails; nothing half-written is left.
void build(const BuildOptions& options);

}  // namespace scratchpack
