// The walk: the closure a program would get from its own dynamic linker, by reading files only.
// The rules of each linker are in search_path.h.
//
// Paths of libraries are those the linker opens, text and all: "$ORIGIN/../lib" in the run path of
// /opt/x/bin/x gives /opt/x/bin/../lib/libx.so. Follow them through the sysroot; never compare them
// by text with paths that come from elsewhere.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

struct ResolveOptions {
  std::vector<std::string> library_path = {};  ///< --library-path, as LD_LIBRARY_PATH
  std::string hwcaps = "baseline";  ///< glibc-hwcaps level: baseline, x86-64-v2, -v3, -v4
  /// The linker that loads a shared library; empty: by the C library that it needs. A program's
  /// own PT_INTERP goes before.
  std::string interpreter = {};
  /// What a script calls is planned by the caller, who need not be warned of it.
  bool commands_known = false;
};

/// One library of a closure.
struct Library {
  std::string name;       ///< as asked for in DT_NEEDED (a soname or a path, tokens expanded)
  std::string path;       ///< as the linker would open it, absolute inside the sysroot
  std::string needed_by;  ///< path of the object that asked first
  /// Where it must lie in the bundle. Differs from `path` only where it was found by the $ORIGIN
  /// of a file that moves (--add-binary SRC:DEST).
  std::string placed;
};

/// What a dynamic object needs. `interpreter` and `libraries` hold everything found; `missing`
/// what was not.
struct Closure {
  std::string interpreter;  ///< PT_INTERP, empty for a library or a static program
  /// Breadth first, each once, without the object itself. glibc's linker is among them where
  /// something needs it, under the path of the interpreter.
  std::vector<Library> libraries;
  std::vector<Missing> missing;
  std::vector<Need> needs = {};  ///< who asks for which of the libraries
};

/// Whether a linker (by its path) is musl's, which is the C library too.
bool is_musl_linker(const std::string& interpreter);

/// The closure of one dynamic ELF program or shared library of the sysroot.
/// Throws Error for what is no such file (the message says what it is), for a program whose
/// interpreter is missing, and UsageError for an unknown hwcaps level.
Closure resolve(const Sysroot& sysroot, const std::string& path, const ResolveOptions& options);

/// Plans the application: classifies it (dynamic, static, `#!` script; another architecture, a
/// shared library, something else: Error), walks it, and fills plan.wants and plan.programs with
/// program, interpreter, libraries. A missing library goes to plan.missing; the caller decides.
Plan plan_application(const Sysroot& sysroot, const std::string& application,
                      const ResolveOptions& options);

/// Adds a dynamic ELF file with its closure to a plan (helper programs, plugins, --add-binary).
/// `want.path` is where it will lie; the closure is resolved for the file it comes from.
/// A script brings its interpreter; what is neither goes in as it is.
void plan_binary(Plan& plan, const Sysroot& sysroot, const Want& want,
                 const ResolveOptions& options);

/// Adds the generated /etc/ld.so.cache that lists every glibc library of the plan, so that the
/// linker finds each with one look, and those of --library-path without LD_LIBRARY_PATH. To be
/// called last, when everything else is planned; replaces what an earlier call made.
void plan_ld_cache(Plan& plan, const Sysroot& sysroot);

}  // namespace scratchpack
