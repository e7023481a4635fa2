// The note in a bundle that says what package its program is of, for coredumpctl and scanners.
#pragma once

#include <string>
#include <vector>

#include "bundler/base/values.h"
#include "bundler/report.h"

namespace scratchpack {

/// A JSON object in the form of systemd's package metadata for executable files: the distribution
/// package of the application; of one that is in no package its file name, with the version that a
/// label `org.opencontainers.image.version` gives.
std::string package_note(const Report& report, const std::vector<KeyValue>& labels);

}  // namespace scratchpack
