// What the programs and libraries in added data need (the addons of a node_modules folder, the
// extension modules of a package): nobody names them one by one.
#pragma once

#include <string>

#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// Plans the closure of every ELF file of this architecture that `data`, a planned file or folder
/// of the build machine, holds; each file itself stays what it is, data. Nothing in it is an error:
/// what is damaged or for another machine is only data, and of a library that is not found the plan
/// warns. Links within a folder are not followed.
void plan_data_needs(Plan& plan, const Want& data, const Sysroot& sysroot,
                     const ResolveOptions& options);

}  // namespace scratchpack
