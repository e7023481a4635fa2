#include "bundler/build_python.h"

#include <algorithm>

#include "bundler/python/plan_python.h"

namespace scratchpack {
namespace {

PythonOptions python_options(const BuildOptions& options) {
  return {.interpreter = options.python,
          .module = options.module,
          .collect = options.collect,
          .hidden_imports = options.hidden_import,
          .excluded_modules = options.exclude_module,
          .keep_source = options.keep_source,
          .plain_root = format_of(options).kind != PayloadKind::bundle,
          .arguments = options.arguments};
}

}  // namespace

std::optional<PythonApplication> python_application(const BuildOptions& options,
                                                    const Sysroot& sysroot,
                                                    const std::string& application) {
  return find_python(sysroot, application, python_options(options));
}

void plan_python_application(Plan& plan, const Build& build, const std::vector<Profile*>& profiles,
                             const ResolveOptions& resolve) {
  const PythonOptions options = python_options(build.options);
  PythonUse use{.prune = build.options.prune};
  for (const Profile* profile : profiles) {
    const std::vector<std::string> opened = opened_files(*profile);
    use.opened.insert(use.opened.end(), opened.begin(), opened.end());
  }
  const PythonGraph graph = python_graph(*build.python, options, use);
  for (Profile* profile : profiles) leave_modules_out(*profile, graph);
  plan_python(plan, *build.python, options, graph, build.sysroot, resolve);
}

std::vector<std::string> recipes_replaced(const Build& build) {
  std::vector<std::string> names;
  if (!build.python) return names;
  const std::vector<std::string>& asked = build.options.recipe;
  for (const char* name : {"python", "python-venv"}) {
    if (std::find(asked.begin(), asked.end(), name) == asked.end()) names.emplace_back(name);
  }
  return names;
}

}  // namespace scratchpack
