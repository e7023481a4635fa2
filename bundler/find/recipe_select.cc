// Which recipes take part, and what each is in words.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bundler/base/error.h"
#include "bundler/find/recipe.h"
#include "bundler/find/recipe_model.h"

namespace scratchpack {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_file_name(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".toml");
}

using RecipesByName = std::map<std::string, SelectedRecipe>;

[[noreturn]] void refuse_name(const std::string& option, const std::string& name,
                              const RecipesByName& recipes) {
  std::vector<std::string> names;
  for (const auto& [known, recipe] : recipes) names.push_back(known);
  throw UsageError(
      fmt::format("{} {}: no such recipe (there are: {})", option, name, fmt::join(names, ", ")));
}

std::string in_words(const Condition& condition, const std::string& conjunction) {
  std::vector<std::string> parts;
  auto add = [&parts](const char* what, const std::vector<std::string>& patterns) {
    if (!patterns.empty()) parts.push_back(fmt::format("{} {}", what, fmt::join(patterns, ", ")));
  };
  add("library", condition.soname);
  add("file", condition.path);
  add("interpreter", condition.interpreter);
  add("use of", condition.symbol);
  add("note of", condition.note);
  add("text", condition.text);
  return fmt::format("{}", fmt::join(parts, conjunction));
}

std::string trigger_in_words(const Recipe& recipe) {
  std::string words =
      recipe.opt_in ? "only when asked for with --recipe" : in_words(recipe.when, "; or ");
  if (!recipe.needs.empty()) words += "; together with " + in_words(recipe.needs, ", and ");
  return words;
}

std::vector<std::string> additions_in_words(const Recipe& recipe) {
  std::vector<std::string> lines;
  for (const RecipeFiles& files : recipe.files) {
    lines.push_back(fmt::format("{}", fmt::join(files.glob, " ")));
  }
  for (const RecipeLink& link : recipe.links) {
    lines.push_back(link.path + (link.target.empty() ? " (a link)" : " -> " + link.target));
  }
  for (const RecipeFile& file : recipe.generated) lines.push_back(file.path + " (generated)");
  for (const RecipeVariableEdit& edit : recipe.environment) {
    lines.push_back(fmt::format("{}={}{}", edit.name,
                                edit.first_of.empty() ? edit.value : edit.first_of.front(),
                                edit.extracted_only ? " (when extracted)" : ""));
  }
  for (const std::string& pattern : recipe.own_path) lines.push_back(pattern + " as argv[0]");
  return lines;
}

}  // namespace

std::vector<SelectedRecipe> select_recipes(const RecipeOptions& options) {
  RecipesByName recipes;
  for (Recipe& recipe : built_in_recipes()) {
    std::string name = recipe.name;
    recipes[name] = {std::move(recipe)};
  }
  for (const std::string& added : options.added) {
    if (is_file_name(added)) {
      Recipe recipe = load_recipe(added);
      std::string name = recipe.name;
      bool forced = recipe.opt_in;
      recipes[name] = {std::move(recipe), forced, true};
    } else if (auto known = recipes.find(added); known != recipes.end()) {
      known->second.forced = true;
    } else {
      refuse_name("--recipe", added, recipes);
    }
  }
  for (const std::string& name : options.excluded) {
    if (name != "*" && !recipes.contains(name)) refuse_name("--no-recipe", name, recipes);
  }
  std::vector<SelectedRecipe> selected;
  for (auto& [name, recipe] : recipes) {
    bool all_excluded = contains(options.excluded, "*") && !recipe.forced && !recipe.from_file;
    if (!all_excluded && !contains(options.excluded, name)) selected.push_back(std::move(recipe));
  }
  return selected;
}

std::vector<RecipeInfo> list_recipes(const std::vector<std::string>& extra_files) {
  std::vector<RecipeInfo> list;
  for (const SelectedRecipe& selected : select_recipes({.added = extra_files})) {
    const Recipe& recipe = selected.recipe;
    list.push_back({recipe.name, recipe.description, trigger_in_words(recipe), recipe.source,
                    recipe.reason, additions_in_words(recipe)});
  }
  return list;
}

}  // namespace scratchpack
