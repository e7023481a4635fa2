// Recipes: data files that say what a library needs at run time beyond DT_NEEDED. Their keys are
// described in bundler/recipes/README.md; the embedded ones lie there too.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

struct RecipeOptions {
  std::vector<std::string> added = {};     ///< --recipe: names or files, applied without a trigger
  std::vector<std::string> excluded = {};  ///< --no-recipe: names, or "*"
  std::vector<std::string> tz = {};        ///< --tz: zones to keep; empty: all
};

/// A recipe as `scratchpack recipes` shows it.
struct RecipeInfo {
  std::string name;
  std::string description;
  std::string trigger;  ///< in words
  std::string source;   ///< "built in" or the file
};

/// Applies every recipe whose trigger matches the plan, again and again until nothing new comes
/// in (what a recipe adds may trigger another). Adds wants, environment edits and warnings.
/// Throws Error with file, line and column for a recipe that cannot be read.
void apply_recipes(Plan& plan, const Sysroot& sysroot, const RecipeOptions& options,
                   const ResolveOptions& resolve_options);

/// Names of the recipes that matched are kept here by apply_recipes, in order, for the summary.
std::vector<RecipeInfo> list_recipes(const std::vector<std::string>& extra_files);

}  // namespace scratchpack
