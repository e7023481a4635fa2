// What a build knows of an application from having seen it run: from profiles that were given, and
// from runs of its own.
#pragma once

#include <string>
#include <vector>

#include "bundler/build_job.h"
#include "bundler/find/profile.h"

namespace scratchpack {

struct NamedProfile {
  std::string name;  ///< as reasons give it
  Profile profile;
};

/// Those of --profile, of each --trace-run, and of the health check beside these runs. `plan` says
/// what starts the application. Throws Error where it cannot be traced.
std::vector<NamedProfile> profiles_of(const Build& build, const Plan& plan);

}  // namespace scratchpack
