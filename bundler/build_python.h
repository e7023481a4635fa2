// What `build` does for a Python application, between the command line and the plan.
#pragma once

#include <vector>

#include "bundler/build_job.h"
#include "bundler/find/profile.h"
#include "bundler/find/resolve.h"

namespace scratchpack {

/// The application named by the options, when it is Python's; find_python tells the rest.
std::optional<PythonApplication> python_application(const BuildOptions& options,
                                                    const Sysroot& sysroot,
                                                    const std::string& application);

/// Adds the modules of build.python to the plan, and takes out of the profiles what they answer
/// for.
void plan_python_application(Plan& plan, const Build& build, const std::vector<Profile*>& profiles,
                             const ResolveOptions& resolve);

/// Recipes that bring a whole standard library: not for build.python, unless asked for by name.
std::vector<std::string> recipes_replaced(const Build& build);

}  // namespace scratchpack
