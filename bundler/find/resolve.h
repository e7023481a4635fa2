// The walk: the closure a program would get from its own dynamic linker, by reading files only.
// The rules of each linker are in search_path.h.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

struct ResolveOptions {
  std::vector<std::string> library_path = {};  ///< --library-path, as LD_LIBRARY_PATH
  std::string hwcaps = "baseline";  ///< glibc-hwcaps level: baseline, x86-64-v2, -v3, -v4
};

/// One library of a closure.
struct Library {
  std::string name;       ///< as asked for in DT_NEEDED (a soname or a path)
  std::string path;       ///< as the linker would open it, absolute inside the sysroot
  std::string needed_by;  ///< path of the object that asked first
};

/// What a dynamic object needs. `interpreter` and `libraries` hold everything found; `missing`
/// what was not.
struct Closure {
  std::string interpreter;         ///< PT_INTERP, empty for a library or a static program
  std::vector<Library> libraries;  ///< breadth first, each once, without the object itself
  std::vector<Missing> missing;
};

/// The closure of one dynamic ELF program or shared library of the sysroot.
/// Throws Error for what is no such file (the message says what it is).
Closure resolve(const Sysroot& sysroot, const std::string& path, const ResolveOptions& options);

/// Plans the application: classifies it (dynamic, static, `#!` script; another architecture, a
/// shared library, something else: Error), walks it, and fills plan.wants and plan.programs with
/// program, interpreter, libraries. A missing library goes to plan.missing; the caller decides.
Plan plan_application(const Sysroot& sysroot, const std::string& application,
                      const ResolveOptions& options);

/// Adds a dynamic ELF file with its closure to a plan (helper programs, plugins, --add-binary).
/// `want.path` is where it will lie; the closure is resolved for the file it comes from.
void plan_binary(Plan& plan, const Sysroot& sysroot, const Want& want,
                 const ResolveOptions& options);

}  // namespace scratchpack
