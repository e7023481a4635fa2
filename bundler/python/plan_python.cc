#include "bundler/python/plan_python.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_scan.h"
#include "bundler/find/left_out.h"
#include "bundler/find/planner.h"

namespace scratchpack {
namespace {

const std::string kListing = "/sbin/ldconfig";  // that ctypes.util.find_library runs

std::string reason_of(const PythonModule& module) {
  const std::string& by = module.imported_by;
  if (module.name == "__main__") return "the application";
  if (by == "start") return "python: imported when the interpreter starts";
  if (by == "trace") return "python: used in a trace";
  if (by.starts_with("-")) return "python: " + by;
  return "python: imported by " + by;
}

class Adder {
 public:
  Adder(Plan& plan, const PythonOptions& options, const PythonGraph& graph, const Sysroot& sysroot,
        const ResolveOptions& resolve)
      : plan_(plan), options_(options), graph_(graph), sysroot_(sysroot), resolve_(resolve) {}

  void add_module(const PythonModule& module) {
    if (module.file.empty()) return;
    const std::string reason = reason_of(module);
    if (module.kind == "source") {
      module.file == graph_.main ? add_script(module) : add_source(module, reason);
    } else {
      add_file(module.file, reason);
    }
  }

  /// What is there as a file: an extension module or a library comes with its closure.
  void add_file(const std::string& path, const std::string& reason) {
    const std::string host = sysroot_.host_path(path).value_or("");
    if (host.empty() || !begins_as_elf(host)) return put({.path = path, .reason = reason});
    const std::size_t missing = plan_.missing.size();
    plan_binary(plan_, sysroot_, {.path = path, .reason = reason}, resolve_);
    for (std::size_t i = missing; i < plan_.missing.size(); ++i) {
      plan_.warnings.push_back(
          fmt::format("{} needs {}, which is not installed", path, plan_.missing[i].name));
    }
    plan_.missing.resize(missing);
  }

  /// A file that a module finds; a key or a token is nobody else's business.
  void add_data(const std::string& path) {
    const std::string host = sysroot_.host_path(path).value_or("");
    if (looks_private(path, false) || (!is_distributions(path) && holds_private_key(host))) {
      plan_.warnings.push_back(path + ": left out, it looks private (--add-data takes it)");
    } else {
      add_file(path, "python: data of " + last_name(directory_of(path)));
    }
  }

  void put(Want want) { plan_.wants.push_back(std::move(want)); }

  /// A library by the name that a module gives it, searched for as the interpreter would.
  void add_library(const PythonLibrary& library) {
    const std::string reason = fmt::format("python: loaded by {} by its name", library.by);
    if (library.name.starts_with('/')) {
      if (sysroot_.stat(library.name)) add_file(library.name, reason);
      return;
    }
    Planner planner(plan_, sysroot_, resolve_);
    Closure closure =
        planner.loaded_closure({.path = plan_.launch_path, .reason = {}}, library.name);
    if (closure.missing.empty()) planner.add_loaded(closure, library.name, reason);
  }

 private:
  void add_source(const PythonModule& module, const std::string& reason) {
    if (module.kept) put({.path = module.file, .reason = reason});
    put({.path = module.path, .reason = reason, .content = module.code});
  }

  /// The application's script, which is byte code in the place of its source; and in the cache,
  /// where the interpreter finds it when a module, maybe a text, imports it by its name.
  void add_script(const PythonModule& module) {
    if (module.name != "__main__") return;
    const std::string host = sysroot_.host_path(module.file).value_or("");
    if (module.kept || is_executed(host))
      return put({.path = module.file, .reason = reason_of(module)});
    put({.path = at_its_end(module.file, reason_of(module)),
         .reason = reason_of(module),
         .content = module.code});
    if (!module.path.empty()) {
      put({.path = module.path,
           .reason = "python: the application, should it be imported by its name",
           .content = module.code});
    }
  }

  /// Where a script lies; a link to it stays one, as sys.path begins with the folder it leads to.
  std::string at_its_end(const std::string& script, const std::string& reason) {
    std::string end = sysroot_.resolve(script).value_or(script);
    if (!sysroot_.target_of(script).empty()) {
      put({.path = script, .reason = reason, .target = end});
    }
    return end;
  }

  bool is_executed(const std::string& script) const {
    if (!options_.plain_root || access(script.c_str(), X_OK) != 0) return false;
    const MappedFile file(script);
    return file.bytes().size() > 2 && file.bytes()[0] == '#' && file.bytes()[1] == '!';
  }

  Plan& plan_;
  const PythonOptions& options_;
  const PythonGraph& graph_;
  const Sysroot& sysroot_;
  const ResolveOptions& resolve_;
};

bool reaches(const PythonGraph& graph, const std::string& name) {
  return std::any_of(graph.modules.begin(), graph.modules.end(),
                     [&](const PythonModule& module) { return module.name == name; });
}

/// Folders of sys.path are looked for when the interpreter starts, and prefixes by what is in them.
void plan_places(Plan& plan, const PythonGraph& graph, const Sysroot& sysroot) {
  for (const std::string& folder : graph.extension_folders) {
    plan.wants.push_back({.path = folder,
                          .reason = "python: by it the interpreter knows its prefix",
                          .only_itself = true});
  }
  for (const std::string& prefix : graph.prefixes) {
    const std::string settings = joined(prefix, "pyvenv.cfg");
    if (sysroot.stat(settings)) {
      plan.wants.push_back({.path = settings, .reason = "python: the virtual environment"});
    }
  }
  if (graph.extra_path.empty() || graph.site.empty()) return;
  std::string text;
  for (const std::string& folder : graph.extra_path) text += folder + "\n";
  plan.wants.push_back({.path = joined(graph.site[0], "scratchpack.pth"),
                        .reason = "python: folders that .pth files bring into sys.path",
                        .content = text});
}

void plan_variables(Plan& plan, const PythonGraph& graph) {
  const char* path = std::getenv("PYTHONPATH");
  if (path != nullptr && *path != '\0') {
    plan.environment.push_back({.name = "PYTHONPATH",
                                .value = path,
                                .reason = "PYTHONPATH while building",
                                .is_path = true});
  }
  if (!graph.user_base.empty()) {
    plan.environment.push_back({.name = "PYTHONUSERBASE",
                                .value = graph.user_base,
                                .reason = "packages of the user's site",
                                .is_path = true});
  }
  // Extracted, the interpreter starts under the bundle's name, beside which is no library of its
  // own; with a home it knows of no virtual environment.
  plan.environment.push_back({.name = "PYTHONHOME",
                              .value = graph.home,
                              .reason = "where the interpreter's library is",
                              .is_path = true,
                              .extracted_only = true});
  if (path == nullptr && graph.prefixes.size() > 1) {
    plan.environment.push_back({.name = "PYTHONPATH",
                                .value = fmt::format("{}", fmt::join(graph.site, ":")),
                                .reason = "packages of the virtual environment",
                                .is_path = true,
                                .extracted_only = true});
  }
}

/// ctypes.util.find_library asks ldconfig, which as a static program sees nothing of the bundle.
void plan_listing(Plan& plan, const PythonApplication& python) {
  plan.wants.push_back(
      {.path = kListing,
       .reason = "python: asked by ctypes.util.find_library",
       .content = fmt::format("#!{} -IS\n{}", python.interpreter, ldconfig_script()),
       .mode = 0755});
}

}  // namespace

void plan_python(Plan& plan, const PythonApplication& python, const PythonOptions& options,
                 const PythonGraph& graph, const Sysroot& sysroot, const ResolveOptions& resolve) {
  Adder adder(plan, options, graph, sysroot, resolve);
  if (python.is_zip) adder.put({.path = python.script, .reason = "the application"});
  for (const PythonModule& module : graph.modules) adder.add_module(module);
  for (const std::string& path : graph.data) {
    adder.add_data(path);
  }
  for (const std::string& path : graph.metadata) {
    adder.put({.path = path, .reason = "python: read by importlib.metadata"});
  }
  for (const std::string& path : graph.namespaces) {
    adder.put({.path = path, .reason = "python: makes a package of several folders"});
  }
  plan_places(plan, graph, sysroot);
  plan_variables(plan, graph);
  if (reaches(graph, "ctypes.util")) plan_listing(plan, python);
  for (const PythonLibrary& library : graph.libraries) adder.add_library(library);
  plan.unfound = graph.unfound;
  if (!graph.left_out.empty()) plan.pruned = Pruned{graph.left_out};
  for (const std::string& module : graph.unreadable) {
    plan.warnings.push_back("python: left out " + module);
  }
}

std::vector<std::string> opened_files(const Profile& profile) {
  std::vector<std::string> paths;
  for (const auto& [path, use] : profile.files) {
    if (use >= Use::opened) paths.push_back(path);
  }
  return paths;
}

void leave_modules_out(Profile& profile, const PythonGraph& graph) {
  std::set<std::string> folders(graph.path.begin(), graph.path.end());
  for (const PythonModule& module : graph.modules) {
    if (!module.file.empty()) folders.insert(directory_of(module.file));
  }
  std::erase_if(profile.files, [&](const auto& file) {
    const std::string& path = file.first;
    if (path.ends_with("/__pycache__") || path.ends_with(".pth")) return true;
    if (folders.contains(path)) return file.second == Use::listed || file.second == Use::looked_at;
    const bool is_module = path.ends_with(".py") || path.ends_with(".pyc");
    const std::string folder = directory_of(path);
    const bool cached = last_name(folder) == "__pycache__";
    return is_module && folders.contains(cached ? directory_of(folder) : folder);
  });
}

}  // namespace scratchpack
