// Which applications are Python's, and which interpreter runs them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// What the user says of a Python application, as PyInstaller's options.
struct PythonOptions {
  std::string interpreter = {};                  ///< --python
  std::string module = {};                       ///< -m: in place of a script
  std::vector<std::string> collect = {};         ///< packages taken whole
  std::vector<std::string> hidden_imports = {};  ///< modules that nothing seems to import
  std::vector<std::string> excluded_modules = {};
  bool keep_source = false;
  bool plain_root = false;  ///< there the kernel executes a script, by its first line
  std::vector<std::string> arguments = {};  ///< put before the user's own: may name modules
};

struct PythonApplication {
  std::string interpreter;                ///< absolute, as it is started: a link in a venv is kept
  std::vector<std::string> options = {};  ///< of the interpreter, from the `#!` line
  std::string script = {};                ///< file, folder with __main__.py, zip; empty with -m
  std::string module = {};
  bool is_zip = false;

  /// What is put between the interpreter's name and the user's own arguments.
  std::vector<std::string> arguments() const;
};

/// The path under which an application that is `-m MODULE` goes in reports.
std::string module_application(const std::string& module);

/// Whether `application`, an absolute path, is Python's: by --python or -m, as a folder or zip with
/// a __main__.py, by its `#!` line or, without one, its name. Nothing for anything else, and for
/// `#!` scripts of another root file system, whose interpreter cannot be run here. Throws Error
/// where there is no interpreter, UsageError where options and application contradict each other.
std::optional<PythonApplication> find_python(const Sysroot& sysroot, const std::string& application,
                                             const PythonOptions& options);

/// The plan of its start: the interpreter with its libraries, and what it is given to run.
Plan plan_python_start(const PythonApplication& python, const Sysroot& sysroot,
                       const ResolveOptions& resolve);

}  // namespace scratchpack
