// Recipes from their TOML text. Each table is read through a TableReader, which knows the keys it
// was asked for: whatever is left over is a key that does not exist, and is said so with its place.
#include "bundler/find/recipe.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <regex>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/recipe_model.h"

namespace scratchpack {

struct EmbeddedRecipe {
  const char* name;
  const char* begin;
  const char* end;
};
/// Made by the build from bundler/recipes/*.toml; a row of zeros ends it.
extern "C" const EmbeddedRecipe scratchpack_recipes[];

namespace {

[[noreturn]] void fail(const std::string& source, const toml::source_region& place,
                       const std::string& reason) {
  throw Error(fmt::format("read recipe {}:{}:{}: {}", source, place.begin.line, place.begin.column,
                          reason));
}

class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& source, std::string name)
      : table_(table), source_(source), name_(std::move(name)) {}

  const std::string& source() const { return source_; }

  template <typename Value>
  std::optional<Value> value(const char* key, const char* kind) {
    const toml::node* node = find(key);
    if (!node) return std::nullopt;
    std::optional<Value> value = node->value_exact<Value>();
    if (!value) fail(source_, node->source(), fmt::format("'{}' must be {}", key, kind));
    return value;
  }

  std::optional<bool> flag(const char* key) { return value<bool>(key, "true or false"); }

  std::string text(const char* key) { return value<std::string>(key, "a string").value_or(""); }

  std::string needed_text(const char* key) {
    std::string text = this->text(key);
    if (text.empty()) {
      fail(source_, table_.source(), fmt::format("'{}' is missing or empty in {}", key, name_));
    }
    return text;
  }

  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> texts;
    const toml::node* node = find(key);
    if (!node) return texts;
    const toml::array* array = node->as_array();
    if (!array) fail(source_, node->source(), fmt::format("'{}' must be a list of strings", key));
    for (const toml::node& item : *array) {
      std::optional<std::string> text = item.value_exact<std::string>();
      if (!text || text->empty()) {
        fail(source_, item.source(), fmt::format("'{}' must be a list of strings", key));
      }
      texts.push_back(*text);
    }
    return texts;
  }

  /// Calls `use` with a reader for the table at `key`, if there is one.
  template <typename Use>
  void table(const char* key, Use use) {
    const toml::node* node = find(key);
    if (!node) return;
    const toml::table* table = node->as_table();
    if (!table) fail(source_, node->source(), fmt::format("'{}' must be a table", key));
    TableReader reader(*table, source_, fmt::format("[{}]", key));
    use(reader);
    reader.finish();
  }

  /// Calls `use` for each table of the array at `key`.
  template <typename Use>
  void tables(const char* key, Use use) {
    const toml::node* node = find(key);
    if (!node) return;
    const toml::array* array = node->as_array();
    if (!array) {
      fail(source_, node->source(), fmt::format("'{}' must be written as [[{}]]", key, key));
    }
    for (const toml::node& item : *array) {
      const toml::table* table = item.as_table();
      if (!table) fail(source_, item.source(), fmt::format("'{}' must hold tables", key));
      TableReader reader(*table, source_, fmt::format("[[{}]]", key));
      use(reader);
      reader.finish();
    }
  }

  /// Calls `use` with the name and a reader of each table in this one.
  template <typename Use>
  void each_table(Use use) {
    for (const auto& [key, node] : table_) {
      std::string name(key.str());
      known_.push_back(name);
      const toml::table* table = node.as_table();
      if (!table) fail(source_, node.source(), fmt::format("'{}' must be a table", name));
      TableReader reader(*table, source_, fmt::format("'{}'", name));
      use(name, reader);
      reader.finish();
    }
  }

  [[noreturn]] void complain(const char* key, const std::string& reason) const {
    const toml::node* node = table_.get(key);
    fail(source_, node ? node->source() : table_.source(), reason);
  }

  /// Refuses keys that nobody asked for.
  void finish() const {
    for (const auto& [key, node] : table_) {
      if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
      fail(source_, key.source(),
           fmt::format("unknown key '{}' in {} (known: {})", key.str(), name_,
                       fmt::join(known_, ", ")));
    }
  }

 private:
  const toml::node* find(const char* key) {
    known_.emplace_back(key);
    return table_.get(key);
  }

  const toml::table& table_;
  const std::string& source_;
  std::string name_;
  std::vector<std::string> known_;
};

Condition read_condition(TableReader& reader) {
  Condition condition;
  condition.soname = reader.texts("soname");
  condition.path = reader.texts("path");
  condition.interpreter = reader.texts("interpreter");
  condition.symbol = reader.texts("symbol");
  condition.note = reader.texts("note");
  condition.text = reader.texts("string");
  condition.ignore = reader.texts("ignore");
  return condition;
}

Condition condition_at(TableReader& reader, const char* key) {
  Condition condition;
  reader.table(key, [&](TableReader& table) { condition = read_condition(table); });
  return condition;
}

/// How many groups a regular expression has; nothing when it is none.
std::optional<unsigned> groups_in(const std::string& expression) {
  try {
    return std::regex(expression).mark_count();
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

RecipeVariable read_variable(const std::string& name, TableReader& reader) {
  RecipeVariable variable{.name = name};
  variable.directory_of = reader.text("directory_of");
  variable.text_in = reader.text("string_in");
  variable.after = reader.text("after");
  variable.before = reader.text("before");
  variable.in_path = reader.texts("in_path");
  variable.option = reader.text("option");
  variable.otherwise = reader.texts("otherwise");
  if (variable.text_in.empty() != variable.after.empty() ||
      variable.text_in.empty() != variable.before.empty()) {
    reader.complain("string_in", "'string_in', 'after' and 'before' belong together");
  }
  for (const std::string& expression : variable.in_path) {
    if (groups_in(expression) == 1) continue;
    reader.complain("in_path",
                    fmt::format("'{}' is no regular expression with one group in it", expression));
  }
  return variable;
}

/// Refuses `{name}` where the recipe has no such variable.
void check_variables(const TableReader& reader, const char* key,
                     const std::vector<std::string>& texts, const Recipe& recipe) {
  for (const std::string& text : texts) {
    for (const std::string& name : variables_in(text)) {
      bool known = std::any_of(recipe.variables.begin(), recipe.variables.end(),
                               [&](const RecipeVariable& known) { return known.name == name; });
      if (!known) reader.complain(key, fmt::format("no variable '{{{}}}' in [variables]", name));
    }
  }
}

std::string bytes_of_hex(TableReader& reader, const char* key) {
  std::string hex = reader.needed_text(key);
  if (hex.size() % 2 != 0 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
    reader.complain(key, fmt::format("'{}' must be pairs of the digits 0 to 9 and a to f", key));
  }
  std::string bytes;
  for (std::size_t at = 0; at < hex.size(); at += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}

std::optional<RecipePatch> read_patch(TableReader& reader) {
  std::optional<RecipePatch> patch;
  reader.table("patch", [&](TableReader& table) {
    std::int64_t offset = table.value<std::int64_t>("offset", "a number").value_or(0);
    if (offset < 0) table.complain("offset", "'offset' must not be negative");
    patch = {table.needed_text("files"), static_cast<std::uint64_t>(offset),
             bytes_of_hex(table, "hex")};
  });
  return patch;
}

RecipeFiles read_files(TableReader& reader, const Recipe& recipe) {
  RecipeFiles files{.glob = reader.texts("glob")};
  check_variables(reader, "glob", files.glob, recipe);
  if (files.glob.empty()) reader.complain("glob", "[[files]] needs a 'glob'");
  files.except = reader.texts("except");
  files.first = reader.flag("first").value_or(false);
  files.optional = reader.flag("optional").value_or(false);
  files.missing = reader.text("missing");
  files.container_first = reader.flag("container_first");
  files.reason = reader.text("reason");
  files.patch = read_patch(reader);
  files.keep = reader.flag("keep").value_or(false);
  files.needs = condition_at(reader, "requires");
  return files;
}

RecipeLink read_link(TableReader& reader, const Recipe& recipe) {
  RecipeLink link{.path = reader.needed_text("path")};
  check_variables(reader, "path", {link.path}, recipe);
  link.target = reader.text("target");
  link.needs = condition_at(reader, "requires");
  return link;
}

RecipeVariableEdit read_edit(TableReader& reader, const Recipe& recipe) {
  RecipeVariableEdit edit{.name = reader.needed_text("name")};
  edit.value = reader.text("value");
  edit.first_of = reader.texts("first_of");
  if (edit.value.empty() == edit.first_of.empty()) {
    reader.complain("name", "[[environment]] needs either 'value' or 'first_of'");
  }
  check_variables(reader, "first_of", edit.first_of, recipe);
  edit.is_path = reader.flag("is_path").value_or(!edit.first_of.empty());
  edit.extracted_only = reader.flag("extracted_only").value_or(false);
  edit.needs = condition_at(reader, "requires");
  return edit;
}

RecipeFile read_generated(TableReader& reader) {
  RecipeFile file{.path = reader.needed_text("path"), .content = reader.text("content")};
  std::int64_t mode = reader.value<std::int64_t>("mode", "a number, as 0o644").value_or(0644);
  if (mode <= 0 || mode > 0777) reader.complain("mode", "'mode' must lie in 0o001 to 0o777");
  file.mode = static_cast<std::uint32_t>(mode);
  file.append_user = reader.flag("append_user").value_or(false);
  file.container_first = reader.flag("container_first");
  file.needs = condition_at(reader, "requires");
  return file;
}

Recipe read_recipe(TableReader& reader, const std::string& name) {
  Recipe recipe{.name = name,
                .source = reader.source(),
                .description = reader.needed_text("description"),
                .reason = reader.needed_text("reason")};
  recipe.opt_in = reader.flag("opt_in").value_or(false);
  recipe.when = condition_at(reader, "when");
  if (recipe.when.empty() != recipe.opt_in) {
    reader.complain("when", recipe.opt_in ? "a recipe with 'opt_in' has no [when]"
                                          : "[when] is missing or empty (or set 'opt_in')");
  }
  recipe.needs = condition_at(reader, "requires");
  recipe.own_path = reader.texts("own_path");
  reader.table("variables", [&](TableReader& variables) {
    variables.each_table([&](const std::string& variable, TableReader& table) {
      recipe.variables.push_back(read_variable(variable, table));
    });
  });
  reader.tables("files",
                [&](TableReader& table) { recipe.files.push_back(read_files(table, recipe)); });
  reader.tables("links",
                [&](TableReader& table) { recipe.links.push_back(read_link(table, recipe)); });
  reader.tables("environment", [&](TableReader& table) {
    recipe.environment.push_back(read_edit(table, recipe));
  });
  reader.tables("generated",
                [&](TableReader& table) { recipe.generated.push_back(read_generated(table)); });
  return recipe;
}

}  // namespace

std::vector<std::string> variables_in(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t open = text.find('{'); open != std::string::npos; open = text.find('{', open)) {
    std::size_t close = text.find('}', open);
    if (close == std::string::npos) break;
    names.push_back(text.substr(open + 1, close - open - 1));
    open = close;
  }
  return names;
}

Recipe parse_recipe(const std::string& text, const std::string& name, const std::string& source) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    fail(source, error.source(), std::string(error.description()));
  }
  TableReader reader(document, source, "a recipe");
  Recipe recipe = read_recipe(reader, name);
  reader.finish();
  return recipe;
}

Recipe load_recipe(const std::string& file) {
  Bytes bytes = read_file(file);
  std::string name = file.substr(file.rfind('/') + 1);
  if (name.ends_with(".toml")) name.resize(name.size() - 5);
  return parse_recipe({bytes.begin(), bytes.end()}, name, file);
}

std::vector<Recipe> built_in_recipes() {
  std::vector<Recipe> recipes;
  for (const EmbeddedRecipe* row = scratchpack_recipes; row->name; ++row) {
    std::string source = std::string(row->name) + ".toml";
    recipes.push_back(parse_recipe({row->begin, row->end}, row->name, source));
    recipes.back().source = "built in";
  }
  std::sort(recipes.begin(), recipes.end(),
            [](const Recipe& a, const Recipe& b) { return a.name < b.name; });
  return recipes;
}

}  // namespace scratchpack
