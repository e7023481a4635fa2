#include "tests/cases/recipe_fixture.h"

#include <algorithm>
#include <stdexcept>

#include "bundler/find/glob.h"

namespace scratchpack::testing {

Plan applied(const std::string& application, const RecipeOptions& options, const Sysroot& sysroot) {
  ResolveOptions resolve_options;
  Plan plan = plan_application(sysroot, application, resolve_options);
  apply_recipes(plan, sysroot, options, resolve_options);
  return plan;
}

bool wants(const Plan& plan, const std::string& pattern) {
  return std::any_of(plan.wants.begin(), plan.wants.end(),
                     [&](const Want& want) { return glob_matches(pattern, want.path); });
}

const Want& the_want(const Plan& plan, const std::string& pattern) {
  for (const Want& want : plan.wants) {
    if (glob_matches(pattern, want.path)) return want;
  }
  throw std::runtime_error("nothing planned matches " + pattern);
}

bool edits(const Plan& plan, const std::string& name) {
  return std::any_of(plan.environment.begin(), plan.environment.end(),
                     [&](const EnvironmentEdit& edit) { return edit.name == name; });
}

const EnvironmentEdit& the_edit(const Plan& plan, const std::string& name) {
  for (const EnvironmentEdit& edit : plan.environment) {
    if (edit.name == name) return edit;
  }
  throw std::runtime_error("nothing sets " + name);
}

bool has_warning(const Plan& plan, const std::string& part) {
  return std::any_of(plan.warnings.begin(), plan.warnings.end(),
                     [&](const std::string& text) { return text.find(part) != text.npos; });
}

}  // namespace scratchpack::testing
