// What may be missing from a bundle, or from what a traced run used: doubts, not faults. Each comes
// with the option of `build` that settles it.
//
// A bundle tells what its files name. Whether what they name exists is asked of this machine, so
// that what is not installed here, and cannot have worked here, is not listed.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bundler/base/file.h"
#include "bundler/find/profile.h"
#include "bundler/find/sysroot.h"
#include "bundler/report.h"

namespace scratchpack {

struct Doubt {
  std::string kind;    ///< "dlopen", "program", "data", "system-call", "missing" or "private"
  std::string text;    ///< one sentence without its full stop
  std::string settle;  ///< what to add to `scratchpack build`, or to do
  bool operator==(const Doubt&) const = default;
};

/// `content_of` gives the bytes of a file of the report.
std::vector<Doubt> doubts_of(const Report& report,
                             const std::function<Bytes(const ReportFile&)>& content_of,
                             const Sysroot& machine);

std::vector<Doubt> doubts_of(const Profile& profile);

}  // namespace scratchpack
