// A Python application's modules, data and libraries as wants of its plan.
//
// Modules of source lie in the bundle as byte code beside where their source was (x.pyc for x.py),
// the standard library and installed packages included; the script keeps its name and is byte code,
// too, which CPython knows by its first bytes. In a plain root an executable one stays source. With
// sources kept, byte code lies in __pycache__.
#pragma once

#include "bundler/find/profile.h"
#include "bundler/python/graph.h"

namespace scratchpack {

/// Adds what `graph` holds to the plan that plan_python_start made. What an extension module lacks
/// is a warning, as on the build machine it fails alone.
void plan_python(Plan& plan, const PythonApplication& python, const PythonOptions& options,
                 const PythonGraph& graph, const Sysroot& sysroot, const ResolveOptions& resolve);

/// Paths that a profile says were opened, for PythonUse.
std::vector<std::string> opened_files(const Profile& profile);

/// Takes modules and listings of their folders out of the profile: the graph answers for them.
void leave_modules_out(Profile& profile, const PythonGraph& graph);

}  // namespace scratchpack
