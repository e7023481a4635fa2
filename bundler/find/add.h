// --add-data and --add-binary, as PyInstaller's: what the user puts into the bundle by hand.
//
// SRC is a file, a directory (what is in it lands in DEST) or a shell pattern; DEST is always a
// directory, absolute or relative to `workdir` (the root when that is empty). The last colon
// divides them. To win over a recipe that makes the same file, plan them before the recipes.
#pragma once

#include <string>

#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// `--add-data SRC:DEST`; SRC is a path of the build machine. A file of the container at the same
/// place wins. Programs and libraries in it bring the libraries they need (data_needs.h). Throws
/// UsageError for what is not SRC:DEST, Error when there is no SRC.
void plan_data(Plan& plan, const std::string& spec, const std::string& workdir,
               const Sysroot& sysroot, const ResolveOptions& options);

/// `--add-binary SRC[:DEST]`: programs, plugins and scripts with all they need; without DEST at
/// their own absolute path. An absolute SRC that the sysroot has is taken from there, any other
/// from the build machine. Throws as plan_data and plan_binary do.
void plan_added_binary(Plan& plan, const std::string& spec, const std::string& workdir,
                       const Sysroot& sysroot, const ResolveOptions& options);

}  // namespace scratchpack
