// What a Python application reaches, as its own interpreter's modulefinder tells (answer.py, a
// program of ours that is run by that interpreter and imports nothing of the application).
//
// The request is one JSON object: "script" or "module" (the other null), "options" of the
// interpreter, "zip"; "hidden", "collect", "exclude" (modules, by option); "used" (paths that
// traces opened), "prune", "keep_source"; and the tables of known.toml. The answer has the modules
// with their byte code, data and metadata of their packages, and what was not found.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bundler/python/application.h"

namespace scratchpack {

/// What runs have used, and whether nothing else is to come of libraries and packages.
struct PythonUse {
  std::vector<std::string> opened = {};  ///< paths
  bool prune = false;
};

struct PythonModule {
  std::string name;
  std::string kind;         ///< source, bytecode, extension, builtin, frozen, namespace, zip
  std::string imported_by;  ///< a module, or what asked for it: an option, "trace", "start"
  std::string file;         ///< on the build machine; empty where there is none
  std::string path;         ///< in the bundle; of a script, where it is when it is imported by name
  std::string code;         ///< byte code, of source
  bool kept = false;        ///< its source goes in, too: all are, or this one is read or listed
};

/// A library that a module loads by a name that stands in it.
struct PythonLibrary {
  std::string name;  ///< soname or path
  std::string by;
};

struct PythonGraph {
  std::string main;                                 ///< the script, where it is a source file
  std::vector<PythonModule> modules;                ///< by name
  std::vector<std::string> path = {};               ///< sys.path, the application's folder first
  std::vector<std::string> extension_folders = {};  ///< lib-dynload, by which prefixes are found
  std::vector<std::string> site = {};               ///< folders of site-packages; at least one
  std::string home = {};                            ///< sys.base_prefix
  std::vector<std::string> prefixes = {};           ///< that and sys.prefix, sorted
  std::vector<std::string> extra_path = {};         ///< of sys.path, what .pth files bring
  std::string user_base = {};                       ///< site.USER_BASE, when something is in there
  std::vector<std::string> data = {};
  std::vector<std::string> metadata = {};
  std::vector<std::string> namespaces = {};  ///< .pth files that make packages of several folders
  std::vector<PythonLibrary> libraries = {};
  std::map<std::string, std::uint64_t> left_out = {};  ///< by --prune: sizes of sources and data
  std::vector<UnfoundImport> unfound = {};
  std::vector<std::string> unreadable = {};  ///< "module: reason" of installed ones left out
};

/// Throws Error where the interpreter cannot tell, or a module asked for by name is not there.
PythonGraph python_graph(const PythonApplication& python, const PythonOptions& options,
                         const PythonUse& use);

/// The listing of the linker's cache for ctypes.util.find_library, as a script without a `#!` line.
std::string_view ldconfig_script();

}  // namespace scratchpack
