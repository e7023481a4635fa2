// Recipes applied to a plan.
//
// Everything a recipe does is done again in each round, as new files may give its variables new
// values or meet the needs of another item; what is planned already is left alone, so the rounds
// end when one of them adds nothing.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "bundler/base/error.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"
#include "bundler/find/glob.h"
#include "bundler/find/recipe.h"
#include "bundler/find/recipe_match.h"
#include "bundler/find/recipe_model.h"

namespace scratchpack {
namespace {

/// Configuration: a file mounted into the container at its path is meant to win.
bool is_configuration(const std::string& path) { return path.starts_with("/etc/"); }

class Applier {
 public:
  Applier(Plan& plan, const Sysroot& sysroot, const RecipeOptions& options,
          const ResolveOptions& resolve_options)
      : plan_(plan),
        sysroot_(sysroot),
        resolve_options_(resolve_options),
        user_values_{{"tz", options.tz}},
        used_(options.used),
        recipes_(select_recipes(options)) {
    for (const auto& [option, values] : user_values_) check_values(option, values);
  }

  void run() {
    if (used_ && !plan_.pruned) plan_.pruned.emplace();
    std::size_t wants = 0;
    do {
      note_planned();
      wants = plan_.wants.size();
      files_.update(plan_, sysroot_);
      for (const SelectedRecipe& selected : recipes_) {
        if (applies(selected)) apply(selected.recipe);
      }
    } while (plan_.wants.size() != wants);
    warn_of_lacking();
    warn_of_missing();
  }

 private:
  /// They become part of paths.
  static void check_values(const std::string& option, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      if (!value.empty() && value[0] != '/' && ("/" + value + "/").find("/../") == value.npos) {
        continue;
      }
      throw UsageError(fmt::format("--{} {}: not a name", option, value));
    }
  }

  void note_planned() {
    for (; wants_noted_ < plan_.wants.size(); ++wants_noted_) {
      planned_.insert(plan_.wants[wants_noted_].path);
    }
  }

  bool applies(const SelectedRecipe& selected) {
    const Recipe& recipe = selected.recipe;
    bool asked_for = selected.forced;
    for (const RecipeVariable& variable : recipe.variables) {
      auto given = user_values_.find(variable.option);
      asked_for = asked_for || (given != user_values_.end() && !given->second.empty());
    }
    if (asked_for) return true;
    return !recipe.opt_in && files_.triggers(recipe.when) && files_.satisfies(recipe.needs);
  }

  bool is_applied(const Recipe& recipe) const {
    return std::find(plan_.recipes.begin(), plan_.recipes.end(), recipe.name) !=
           plan_.recipes.end();
  }

  void apply(const Recipe& recipe) {
    if (std::find(plan_.recipes.begin(), plan_.recipes.end(), recipe.name) == plan_.recipes.end()) {
      plan_.recipes.push_back(recipe.name);
    }
    for (const RecipeFiles& files : recipe.files) {
      if (files_.satisfies(files.needs)) add_files(recipe, files);
    }
    for (const RecipeLink& link : recipe.links) {
      if (files_.satisfies(link.needs)) add_link(recipe, link);
    }
    for (const RecipeFile& file : recipe.generated) {
      if (files_.satisfies(file.needs)) add_generated(recipe, file);
    }
    for (const RecipeVariableEdit& edit : recipe.environment) {
      if (files_.satisfies(edit.needs)) add_edit(recipe, edit);
    }
    for (const std::string& pattern : recipe.own_path) start_by_own_path(pattern);
  }

  /// A link that leads to the application is followed, as the application would.
  void start_by_own_path(const std::string& pattern) {
    const std::optional<std::string> path = sysroot_.resolve(plan_.application);
    if (path && glob_matches(pattern, *path)) plan_.argv0 = *path;
  }

  // ---- variables ----

  std::vector<std::string> values_of(const RecipeVariable& variable) {
    std::vector<std::string> values;
    if (auto given = user_values_.find(variable.option); given != user_values_.end()) {
      values = given->second;
    }
    if (!variable.directory_of.empty()) values = files_.directories_of(variable.directory_of);
    if (!variable.text_in.empty()) values = files_.texts_in(variable);
    if (!variable.in_path.empty()) values = files_.captures_in(variable);
    return values.empty() ? variable.otherwise : values;
  }

  /// `text` with its variables replaced, once for each of their values.
  std::vector<std::string> expand(const std::string& text, const Recipe& recipe) {
    std::vector<std::string> expanded{text};
    for (const std::string& name : variables_in(text)) {
      auto variable = std::find_if(recipe.variables.begin(), recipe.variables.end(),
                                   [&](const RecipeVariable& known) { return known.name == name; });
      std::vector<std::string> more;
      std::string hole = "{" + name + "}";
      for (const std::string& value : values_of(*variable)) {
        for (std::string partly : expanded) {
          if (auto at = partly.find(hole); at != partly.npos)
            partly.replace(at, hole.size(), value);
          more.push_back(std::move(partly));
        }
      }
      expanded = std::move(more);
    }
    return expanded;
  }

  /// The option whose values the user gave and `text` uses; empty when there is none.
  std::string option_in(const std::string& text, const Recipe& recipe) const {
    for (const std::string& name : variables_in(text)) {
      for (const RecipeVariable& variable : recipe.variables) {
        auto given = user_values_.find(variable.option);
        if (variable.name == name && given != user_values_.end() && !given->second.empty()) {
          return variable.option;
        }
      }
    }
    return "";
  }

  // ---- files ----

  void add_files(const Recipe& recipe, const RecipeFiles& files) {
    Outcome& outcome = outcomes_[&files];
    for (const std::string& glob : files.glob) {
      for (const std::string& pattern : expand(glob, recipe)) {
        if (files.first && outcome.found) return;
        if (!outcome.patterns.insert(pattern).second) continue;
        std::vector<std::string> paths = sysroot_.glob(pattern);
        if (files.first && paths.size() > 1) paths.resize(1);
        outcome.found = outcome.found || !paths.empty();
        std::string option = paths.empty() ? option_in(glob, recipe) : "";
        if (!option.empty()) {
          throw Error(fmt::format("find what --{} asks for: nothing matches {}", option, pattern));
        }
        std::set<std::string> entered;
        for (const std::string& path : paths) add_path(recipe, files, path, entered);
      }
    }
  }

  void add_path(const Recipe& recipe, const RecipeFiles& files, const std::string& path,
                std::set<std::string>& entered) {
    for (const std::string& pattern : files.except) {
      if (glob_matches(pattern, path)) return;
    }
    std::vector<Hop> hops = sysroot_.follow(path);
    if (hops.empty() || planned_.contains(path)) return;  // a link that leads nowhere
    const Hop& end = hops.back();
    if (end.status.kind == FileKind::directory) {
      if (!entered.insert(end.path).second) return;
      for (const std::string& name : sysroot_.list(path)) {
        add_path(recipe, files, path + "/" + name, entered);
      }
    } else if (end.status.kind == FileKind::file) {
      if (used_ && !files.keep && !used_->contains(end.path)) return prune(end);
      Want want = want_of(recipe, path, files.container_first);
      if (!files.reason.empty())
        want.reason = fmt::format("recipe {}: {}", recipe.name, files.reason);
      if (files.patch && glob_matches(files.patch->files, path)) patch(want, *files.patch);
      want.content ? add_want(want) : add_file(recipe, want);
    }
  }

  void prune(const Hop& file) { plan_.pruned->files.emplace(file.path, file.status.size); }

  Want want_of(const Recipe& recipe, const std::string& path,
               const std::optional<bool>& container_first) const {
    Want want{.path = path, .reason = fmt::format("recipe {}: {}", recipe.name, recipe.reason)};
    want.container_first = container_first.value_or(is_configuration(path));
    return want;
  }

  /// Takes the file's bytes with the patch in them. What cannot be read or is too short stays as
  /// it is.
  void patch(Want& want, const RecipePatch& patch) const {
    std::optional<std::string> bytes = sysroot_.read_text(want.path);
    if (!bytes || bytes->size() < patch.bytes.size() ||
        bytes->size() - patch.bytes.size() < patch.offset) {
      return;
    }
    bytes->replace(patch.offset, patch.bytes.size(), patch.bytes);
    want.content = std::move(bytes);
  }

  void add_file(const Recipe& recipe, const Want& want) {
    std::string host = sysroot_.host_path(want.path).value_or("");
    if (::faccessat(AT_FDCWD, host.c_str(), R_OK, AT_EACCESS) != 0) {
      return warn(recipe, fmt::format("{}: left out, {}", host, errno_text(errno)));
    }
    if (!begins_as_elf(host)) return add_want(want);
    try {
      std::optional<ElfFile> elf = read_elf_file(host, want.path);
      if (elf && elf->is_foreign()) return;  // no process of ours can load it
      bool loaded = elf && elf->has_dynamic && elf->kind != ElfKind::static_program;
      loaded ? add_loaded(recipe, want) : add_want(want);
    } catch (const Error& error) {
      warn(recipe, fmt::format("{}: left out, {}", want.path, error.what()));
    }
  }

  /// A plugin or program, with its closure. One that lacks a library fails alone, as on the build
  /// machine.
  void add_loaded(const Recipe& recipe, const Want& want) {
    std::size_t missing = plan_.missing.size();
    plan_binary(plan_, sysroot_, want, resolve_options_);
    for (std::size_t index = missing; index < plan_.missing.size(); ++index) {
      lacking_.push_back({&recipe, want.path, plan_.missing[index].name});
    }
    plan_.missing.resize(missing);
    note_planned();
  }

  void add_want(const Want& want) {
    if (!planned_.insert(want.path).second) return;
    plan_.wants.push_back(want);
  }

  void add_link(const Recipe& recipe, const RecipeLink& link) {
    for (const std::string& path : expand(link.path, recipe)) {
      if (planned_.contains(path)) continue;
      Want want = want_of(recipe, path, std::nullopt);
      want.target = link.target;
      if (want.target.empty() && sysroot_.stat(path)) want.target = sysroot_.target_of(path);
      if (!want.target.empty()) add_want(want);
    }
  }

  void add_generated(const Recipe& recipe, const RecipeFile& file) {
    Want want = want_of(recipe, file.path, file.container_first);
    want.content = file.content;
    want.mode = file.mode;
    want.append_user = file.append_user;
    add_want(want);
  }

  // ---- environment ----

  void add_edit(const Recipe& recipe, const RecipeVariableEdit& edit) {
    for (const EnvironmentEdit& known : plan_.environment) {
      if (known.name == edit.name) return;
    }
    EnvironmentEdit made{.name = edit.name, .value = edit.value};
    for (const std::string& choice : edit.first_of) {
      for (const std::string& path : expand(choice, recipe)) {
        if (made.value.empty() && sysroot_.stat(path)) made.value = path;
      }
    }
    if (made.value.empty()) return;
    made.reason = "recipe " + recipe.name;
    made.is_path = edit.is_path;
    made.extracted_only = edit.extracted_only;
    plan_.environment.push_back(std::move(made));
  }

  // ---- what to tell ----

  void warn(const Recipe& recipe, const std::string& text) {
    std::string warning = fmt::format("recipe {}: {}", recipe.name, text);
    auto& said = plan_.warnings;  // by an earlier call
    if (std::find(said.begin(), said.end(), warning) == said.end()) said.push_back(warning);
  }

  /// A library that the bundle has elsewhere is loaded by then: the linker knows it by its soname.
  void warn_of_lacking() {
    for (const Lacking& lacking : lacking_) {
      const bool present =
          std::any_of(files_.files().begin(), files_.files().end(),
                      [&](const BundledFile& file) { return file.has_soname({lacking.library}); });
      if (present) continue;
      warn(*lacking.recipe, fmt::format("{} will not load, it needs {}, which is not installed",
                                        lacking.path, lacking.library));
    }
  }

  void warn_of_missing() {
    for (const SelectedRecipe& selected : recipes_) {
      if (selected.from_file && !is_applied(selected.recipe)) {
        warn(selected.recipe,
             fmt::format("nothing in the bundle meets the [when] and [requires] of {}",
                         selected.recipe.source));
      }
      for (const RecipeFiles& files : selected.recipe.files) {
        auto outcome = outcomes_.find(&files);
        if (outcome == outcomes_.end() || outcome->second.found || files.optional) continue;
        if (outcome->second.patterns.empty()) continue;  // a variable has no value
        warn(selected.recipe,
             fmt::format("found no {}{}", fmt::join(outcome->second.patterns, ", "),
                         files.missing.empty() ? "" : " (" + files.missing + ")"));
      }
    }
  }

  struct Lacking {
    const Recipe* recipe;
    std::string path;     // of a plugin
    std::string library;  // that it needs and its own search does not find
  };
  struct Outcome {
    std::set<std::string> patterns;  // looked for
    bool found = false;
  };

  Plan& plan_;
  const Sysroot& sysroot_;
  const ResolveOptions& resolve_options_;
  const std::map<std::string, std::vector<std::string>> user_values_;  // by option
  const std::optional<std::set<std::string>> used_;                    // real paths
  const std::vector<SelectedRecipe> recipes_;
  BundledFiles files_;
  std::set<std::string> planned_;  // paths of wants
  std::size_t wants_noted_ = 0;
  std::map<const RecipeFiles*, Outcome> outcomes_;
  std::vector<Lacking> lacking_;
};

}  // namespace

void apply_recipes(Plan& plan, const Sysroot& sysroot, const RecipeOptions& options,
                   const ResolveOptions& resolve_options) {
  Applier(plan, sysroot, options, resolve_options).run();
}

}  // namespace scratchpack
