#include "bundler/recipes.h"

#include <fmt/format.h>

#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/find/recipe.h"

namespace scratchpack {
namespace {

constexpr std::size_t kColumns = 96;  // of the list; what is longer is cut

/// `text` cut to what fits, between two characters of UTF-8.
std::string cut(const std::string& text, std::size_t columns) {
  if (text.size() <= columns) return text;
  std::size_t end = columns - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

void print_line(const char* word, const std::string& text) {
  fmt::print("  {:<6}{}\n", word, cut(text, kColumns - 8));
}

void print_in_list(const RecipeInfo& recipe) {
  fmt::print("{}: {}\n", recipe.name, recipe.description);
  print_line("when", recipe.trigger);
  print_line("adds", fmt::format("{}", fmt::join(recipe.adds, "; ")));
  print_line("why", recipe.reason);
}

void print_one(const RecipeInfo& recipe) {
  fmt::print("{} ({})\n{}\n\nApplies: {}\nWhy: {}\n", recipe.name, recipe.source,
             recipe.description, recipe.trigger, recipe.reason);
  if (!recipe.adds.empty()) fmt::print("Adds:\n");
  for (const std::string& line : recipe.adds) fmt::print("  {}\n", line);
}

}  // namespace

void print_recipes(const std::string& name) {
  bool file = name.find('/') != std::string::npos || name.ends_with(".toml");
  std::vector<RecipeInfo> recipes =
      list_recipes(file ? std::vector<std::string>{name} : std::vector<std::string>{});
  if (name.empty()) {
    for (const RecipeInfo& recipe : recipes) print_in_list(recipe);
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
