// Recipes: data files that say what a library needs at run time beyond DT_NEEDED. Their keys are
// described in bundler/recipes/README.md; the embedded ones lie there too.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

struct RecipeOptions {
  /// --recipe: names, applied whether their trigger matches or not; or files, which say themselves
  /// when they apply (one that does not is a warning).
  std::vector<std::string> added = {};
  std::vector<std::string> excluded = {};  ///< --no-recipe: names, or "*" for all but `added`
  std::vector<std::string> tz = {};        ///< --tz: zones to keep, patterns too; empty: all
  /// --prune: real paths of what profiles used. Of a recipe's files only these are added, and
  /// those that it says to keep.
  std::optional<std::set<std::string>> used = std::nullopt;
};

/// A recipe as `scratchpack recipes` shows it.
struct RecipeInfo {
  std::string name;
  std::string description;
  std::string trigger;                 ///< in words
  std::string source;                  ///< "built in" or the file
  std::string reason;                  ///< why its files are needed
  std::vector<std::string> adds = {};  ///< what it brings, a line each
};

/// Applies every recipe whose trigger matches the plan, again and again until nothing new comes
/// in (what a recipe adds may trigger another). Adds wants, environment edits, warnings, and the
/// names of those that applied. What is planned already stays as it is, so --add-data and
/// --add-binary, planned before, win over a recipe. Files that a recipe names but that cannot be
/// read, and plugins that lack a library, are warnings: the user did not ask for them.
/// Throws Error with file, line and column for a recipe that cannot be read.
void apply_recipes(Plan& plan, const Sysroot& sysroot, const RecipeOptions& options,
                   const ResolveOptions& resolve_options);

/// The built-in recipes and those of `extra_files`, by name.
std::vector<RecipeInfo> list_recipes(const std::vector<std::string>& extra_files);

}  // namespace scratchpack
