// A recipe as read from its file. bundler/recipes/README.md describes the keys to those who write
// them; here is what the bundler knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundler/find/recipe.h"

namespace scratchpack {

/// What must be in the bundle. Every list holds shell patterns (glob.h); an empty list asks for
/// nothing. As a trigger (`when`) one list that matches is enough, as `requires` all must.
struct Condition {
  std::vector<std::string> soname = {};       ///< of an ELF file, or its file name
  std::vector<std::string> path = {};         ///< of anything, as asked for or as it really lies
  std::vector<std::string> interpreter = {};  ///< PT_INTERP of a program, `#!` of the application
  std::vector<std::string> symbol = {};       ///< imported by an ELF file
  std::vector<std::string> note = {};         ///< owner of an ELF note
  std::vector<std::string> text = {};         ///< bytes in an ELF file; no pattern
  std::vector<std::string> ignore = {};  ///< sonames whose symbols, notes and texts don't count

  bool empty() const {
    return soname.empty() && path.empty() && interpreter.empty() && symbol.empty() &&
           note.empty() && text.empty();
  }
};

/// `{name}` in a path: each of its values is put in turn. Without a value, what uses it is skipped.
struct RecipeVariable {
  std::string name;
  std::string directory_of = {};  ///< the directories of ELF files with this soname
  std::string text_in = {};       ///< soname of the ELF files in which a value stands …
  std::string after = {};         ///< … behind this text
  std::string before = {};        ///< … and in front of this one
  /// What the one group of these regular expressions (ECMAScript) takes from the paths of files and
  /// of the links that lead to them: an installation's folder, its version.
  std::vector<std::string> in_path = {};
  std::string option = {};                  ///< what the user gave with --NAME
  std::vector<std::string> otherwise = {};  ///< values when the above give none
};

/// Bytes put over those of a file: a time stamp or a flag that says how a cache is to be trusted.
struct RecipePatch {
  std::string files;  ///< pattern: which of the files
  std::uint64_t offset = 0;
  std::string bytes;
};

struct RecipeFiles {
  std::vector<std::string> glob;
  std::vector<std::string> except = {};
  bool first = false;        ///< only the first file of the first pattern that matches one
  bool optional = false;     ///< else nothing found is a warning …
  std::string missing = {};  ///< … with this advice
  std::optional<bool> container_first = std::nullopt;  ///< default: below /etc
  std::string reason = {};                             ///< default: the recipe's
  std::optional<RecipePatch> patch = std::nullopt;
  bool keep = false;  ///< --prune leaves them in
  Condition needs = {};
};

struct RecipeLink {
  std::string path;
  std::string target = {};  ///< empty: as the sysroot has it; nothing when it has no link there
  Condition needs = {};
};

struct RecipeVariableEdit {
  std::string name;
  std::string value = {};
  std::vector<std::string> first_of = {};  ///< the first of these paths that exists
  bool is_path = false;
  bool extracted_only = false;
  Condition needs = {};
};

struct RecipeFile {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  bool append_user = false;
  std::optional<bool> container_first = std::nullopt;  ///< default: below /etc
  Condition needs = {};
};

struct Recipe {
  std::string name;
  std::string source;  ///< "built in", or the file
  std::string description;
  std::string reason;
  bool opt_in = false;  ///< applied only when asked for
  Condition when = {};
  Condition needs = {};
  std::vector<std::string> own_path = {};  ///< patterns of applications that want it as argv[0]
  std::vector<RecipeVariable> variables = {};
  std::vector<RecipeFiles> files = {};
  std::vector<RecipeLink> links = {};
  std::vector<RecipeVariableEdit> environment = {};
  std::vector<RecipeFile> generated = {};
};

/// Reads a recipe. `source` names it in messages. Throws Error `read recipe SOURCE:LINE:COLUMN:
/// reason` for what is no recipe; unknown keys included.
Recipe parse_recipe(const std::string& text, const std::string& name, const std::string& source);

/// The recipe of a file of the build machine, named after it.
Recipe load_recipe(const std::string& file);

/// Names of the variables that `text` uses, in order.
std::vector<std::string> variables_in(const std::string& text);

/// Those that are part of the tool, by name.
std::vector<Recipe> built_in_recipes();

/// A recipe that takes part in a build.
struct SelectedRecipe {
  Recipe recipe;
  bool forced = false;     ///< asked for by name: its trigger does not matter
  bool from_file = false;  ///< asked for by file
};

/// The recipes of a build, by name: those of --recipe FILE replace the built-in one of their name.
/// Throws UsageError for a name that does not exist.
std::vector<SelectedRecipe> select_recipes(const RecipeOptions& options);

}  // namespace scratchpack
