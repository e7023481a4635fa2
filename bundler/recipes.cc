#include "bundler/recipes.h"

#include <fmt/format.h>

#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/find/recipe.h"

namespace scratchpack {
namespace {

void print_one(const RecipeInfo& recipe) {
  fmt::print("{} ({})\n{}\n\nApplies: {}\n", recipe.name, recipe.source, recipe.description,
             recipe.trigger);
  if (!recipe.adds.empty()) fmt::print("Adds:\n");
  for (const std::string& line : recipe.adds) fmt::print("  {}\n", line);
}

}  // namespace

void print_recipes(const std::string& name) {
  bool file = name.find('/') != std::string::npos || name.ends_with(".toml");
  std::vector<RecipeInfo> recipes =
      list_recipes(file ? std::vector<std::string>{name} : std::vector<std::string>{});
  if (name.empty()) {
    for (const RecipeInfo& recipe : recipes) {
      fmt::print("{:<16}{}\n", recipe.name, recipe.description);
    }
    return;
  }
  auto found = std::find_if(recipes.begin(), recipes.end(), [&](const RecipeInfo& recipe) {
    return file ? recipe.source == name : recipe.name == name;
  });
  if (found == recipes.end()) {
    throw Error(
        fmt::format("show recipe {}: there is none (scratchpack recipes lists them)", name));
  }
  print_one(*found);
}

}  // namespace scratchpack
