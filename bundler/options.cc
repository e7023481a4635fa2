// The command line, by the tables of option_table: CLI11 finds out which word is whose value, the
// rest is checked and stored here.
#include "bundler/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "bundler/base/error.h"
#include "bundler/completion.h"
#include "bundler/config_file.h"
#include "bundler/find/profile.h"
#include "bundler/option_table.h"
#include "bundler/report.h"
#include "runtime/format.h"

namespace scratchpack {
namespace {

// ---- advice on misspelt names --------------------------------------------------------------

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// ", did you mean X" when one of the names is near, else nothing.
std::string advice(const std::string& typed, const std::vector<std::string>& names) {
  std::string nearest;
  std::size_t best = 3;
  for (const std::string& name : names) {
    std::size_t distance = edit_distance(typed, name);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = name;
    }
  }
  return nearest.empty() ? "" : fmt::format("did you mean {}? ", nearest);
}

// ---- values --------------------------------------------------------------------------------

std::string checked(const Row& row, const std::string& option, const std::string& text) {
  bool choice = row.value.find('|') != std::string::npos && !row.value.ends_with("…");
  std::vector<std::string> choices = split(row.value, '|');
  if (choice && std::find(choices.begin(), choices.end(), text) == choices.end()) {
    throw UsageError(fmt::format("{} {}: not one of {}", option, text, fmt::join(choices, ", ")));
  }
  return row.check == nullptr ? text : row.check(option, text);
}

struct Store {
  const Row& row;
  const std::string& option;
  const std::vector<std::string>& values;

  const std::string& last() const { return values.back(); }
  void operator()(bool* target) const { *target = true; }
  void operator()(unsigned* target) const { *target = parse_number(option, last(), 1000000); }
  void operator()(std::string* target) const { *target = checked(row, option, last()); }
  void operator()(std::optional<std::string>* target) const {
    *target = values.empty() ? "" : last();
  }
  void operator()(std::vector<std::string>* target) const {
    for (const std::string& value : values) target->push_back(checked(row, option, value));
  }
  void operator()(std::vector<KeyValue>* target) const {
    for (const std::string& value : values) target->push_back(parse_key_value(option, value));
  }
  void operator()(std::optional<Identity>* target) const {
    *target = parse_identity(option, last());
  }
  void operator()(SeparatedList target) const {
    for (const std::string& value : values) {
      for (std::string& part : split(value, target.separator)) {
        target.list->push_back(std::move(part));
      }
    }
  }
  void operator()(CommandWords target) const { *target.words = parse_words(option, last()); }
  void operator()(ManyCommands target) const {
    for (const std::string& value : values) {
      bool blank = value.find_first_not_of(" \t\n") == std::string::npos;
      target.commands->push_back(blank ? std::vector<std::string>{} : parse_words(option, value));
    }
  }
};

// ---- parsing -------------------------------------------------------------------------------

CLI::Option* declare(CLI::App& app, const Row& row) {
  if (row.flag()) return app.add_flag(row.names);
  CLI::Option* option = app.add_option(row.names);
  option->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (row.value_optional()) {
    option->expected(0, 1);
  } else {
    option->expected(1);
  }
  return option;
}

[[noreturn]] void refuse_rest(const CommandTable& table, const std::string& word) {
  if (!word.starts_with('-')) {
    throw UsageError(
        fmt::format("{} {}: one argument too many (the application's own go behind "
                    "--; see scratchpack {} --help)",
                    table.name, word, table.name));
  }
  std::string typed = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const Section& section : table.sections) {
    for (const Row& row : section.rows) {
      if (!row.positional()) names.push_back(row.long_name());
    }
  }
  throw UsageError(fmt::format("{}: no such option of {} ({}see scratchpack {} --help)", typed,
                               table.name, advice(typed, names), table.name));
}

/// Fills the table's targets from the words in front of `--`. Returns what a build stage repeats.
std::vector<std::string> parse_command(const CommandTable& table, std::vector<std::string> words) {
  for (const std::string& word : words) {
    // CLI11 would take the next word for the value.
    if (word.starts_with("--") && word.ends_with('=') && word.find('=') == word.size() - 1) {
      throw UsageError(fmt::format("{}: the value is empty", word));
    }
  }
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::pair<const Row*, CLI::Option*>> declared;
  for (const Section& section : table.sections) {
    for (const Row& row : section.rows) declared.emplace_back(&row, declare(app, row));
  }
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    throw UsageError(
        fmt::format("{}: {} (see scratchpack {} --help)", table.name, error.what(), table.name));
  }
  if (!app.remaining().empty()) refuse_rest(table, app.remaining().front());
  std::vector<std::string> repeated;
  std::size_t next = 0;
  for (const Section& section : table.sections) {
    for (std::size_t i = 0; i < section.rows.size(); ++i) {
      auto [row, option] = declared[next++];
      if (option->count() == 0) continue;
      std::string name = row->positional() ? row->names : row->long_name();
      std::vector<std::string> values =
          row->flag() ? std::vector<std::string>{} : option->results();
      if (row->value_optional() && values == std::vector<std::string>{""}) values.clear();
      std::visit(Store{*row, name, values}, row->target);
      if (!section.repeated) continue;
      if (row->flag()) repeated.push_back(name);
      for (const std::string& value : values) repeated.insert(repeated.end(), {name, value});
    }
  }
  return repeated;
}

/// With --config: parses again, the file's words in front of those typed, which so override values
/// and are added to lists.
void take_config(BuildOptions& build, const CommandTable& table,
                 const std::vector<std::string>& typed, std::vector<std::string>& behind) {
  const std::string file = build.config;
  ConfigWords config = read_config(file, table);
  build = {};
  std::vector<std::string> repeated;
  try {
    repeated = parse_command(table, std::move(config.options));
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("read config {}: {}", file, error.what()));
  }
  for (std::string& word : parse_command(table, typed)) repeated.push_back(std::move(word));
  build.repeated = std::move(repeated);
  if (build.application.empty()) build.application = std::move(config.application);
  if (behind.empty()) behind = std::move(config.arguments);
}

std::string version_text() {
  return fmt::format(
      "scratchpack {}\n"
      "bundles: writes format 1 (2 with --compress best), reads 1 to {}\n"
      "profiles: version {}; summaries: version {}\n",
      SCRATCHPACK_VERSION, kFormatVersion, kProfileVersion, kReportVersion);
}

void require(bool condition, const std::string& message) {
  if (!condition) throw UsageError(message);
}

/// What the command line alone tells; a build stage may have yet to make the application.
bool looks_like_python(const BuildOptions& o) {
  const std::filesystem::path path = o.application;
  std::error_code code;
  return !o.module.empty() || !o.python.empty() || path.extension().string().starts_with(".py") ||
         std::filesystem::is_directory(path, code);
}

void check_build(BuildOptions& o) {
  // `--emit-dockerfile APP`: the optional value has taken what must be the application.
  if (o.application.empty() && o.emit_dockerfile && !o.emit_dockerfile->empty()) {
    o.application = std::exchange(*o.emit_dockerfile, "");
  }
  const bool image = !o.from_image.empty();
  require(o.application.empty() || o.module.empty(),
          fmt::format("-m {}: not with an application ({})", o.module, o.application));
  require(!o.application.empty() || !o.module.empty() || image,
          "build: name the application (see scratchpack build --help)");
  require(!image || o.sysroot == "/", "--from-image: not with --sysroot, as it is one");
  require(!image || !o.multi_stage, "--from-image: not with --multi-stage");
  require(!o.prune || !o.profile.empty() || !o.trace_run.empty(),
          "--prune: only with --profile or --trace-run, which say what is used");
  require(o.strip || o.keep_symbols.empty(), "--keep-symbols: only with --strip");
  require(o.trace_time == 0 || !o.trace_run.empty(), "--trace-time: only with --trace-run");
  require(o.trace_run.empty() || o.sysroot == "/",
          "--trace-run: not with --sysroot (trace inside it, and give the profile with --profile)");
  require(!(o.quiet && o.verbose), "--quiet and --verbose contradict each other");
  require(!o.multi_stage || o.emit_dockerfile, "--multi-stage: only with --emit-dockerfile");
  require(!o.multi_stage || !o.build_image.empty(),
          "--multi-stage: name the image to build in with --build-image");
  require(o.multi_stage || (o.build_image.empty() && o.build_command.empty()),
          "--build-image, --build-command: only with --multi-stage");
  require(!o.multi_stage || o.format == "onefile" || o.format == "dir",
          "--multi-stage: only with --format onefile or dir");
  require(
      !o.multi_stage || o.format == "onefile" || !looks_like_python(o),
      "--multi-stage: only with --format onefile for a Python application, as which interpreter "
      "starts it is known in the build stage");
  require(!o.multi_stage || o.format == "onefile" || o.application.find('/') != std::string::npos,
          fmt::format("--multi-stage: name {} with its folder, as the image starts it by its path",
                      o.application));
  const bool as_image = o.format == "oci" || o.format == "docker";
  require(as_image ||
              (o.tag.empty() && o.layers.empty() && o.layer_compress.empty() && o.platform.empty()),
          "--tag, --layers, --layer-compress, --platform: only with --format oci or docker");
  require(!as_image || !o.emit_dockerfile,
          fmt::format("--emit-dockerfile: not with --format {}, which is an image", o.format));
  bool plain = o.format != "onefile";
  require(!plain || o.compress == "none",
          fmt::format("--compress: not with --format {} (registries compress layers)", o.format));
  require(!plain || o.mode == "auto",
          fmt::format("--mode: not with --format {}, which the kernel starts by itself", o.format));
}

void finish(Options& options, const CommandTable& table, bool separated,
            std::vector<std::string> behind) {
  switch (table.command) {
    case Command::build:
      check_build(options.build);
      options.build.arguments = std::move(behind);
      return;
    case Command::verify:
      require(!options.verify.bundle.empty(), "verify: name the bundle");
      options.verify.run = separated;
      options.verify.arguments = std::move(behind);
      return;
    case Command::trace:
      require(!options.trace.profile.empty(), "trace: name the profile to write with -o");
      require(!behind.empty(), "trace: name the command behind -- (see scratchpack trace --help)");
      options.trace.command = std::move(behind);
      return;
    case Command::inspect:
      require(!options.inspect.bundle.empty(), "inspect: name the bundle");
      require(
          (options.inspect.json && !options.inspect.rewrites) + options.inspect.tree +
                  !options.inspect.why.empty() + options.inspect.rewrites + options.inspect.waste +
                  options.inspect.packages + !options.inspect.html.empty() <=
              1,
          "inspect: one of --json, --tree, --why, --packages, --waste, --html and --rewrites at a "
          "time (or --json with --rewrites)");
      break;
    case Command::doctor:
      require(!options.doctor.file.empty(), "doctor: name a bundle or a profile");
      break;
    case Command::diff:
      require(!options.diff.before.empty() && !options.diff.after.empty(),
              "diff: name two bundles or images");
      break;
    case Command::sbom:
      require(!options.sbom.bundle.empty(), "sbom: name the bundle");
      break;
    case Command::extract:
      require(!options.extract.bundle.empty() && !options.extract.directory.empty(),
              "extract: name the bundle and the folder to make");
      break;
    default:
      break;
  }
  require(!separated, fmt::format("{} --: takes no arguments for the application", table.name));
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
  Options options;
  std::vector<CommandTable> tables = command_tables(options);
  std::string first = arguments.empty() ? "" : arguments[0];
  if (first == "--help" || first == "-h" || first == "help") {
    options.text = help_text(tables);
    return options;
  }
  if (first == "--version") {
    options.text = version_text();
    return options;
  }
  auto table = std::find_if(tables.begin(), tables.end(),
                            [&](const CommandTable& each) { return each.name == first; });
  if (table == tables.end()) {
    std::vector<std::string> names;
    names.reserve(tables.size());
    for (const CommandTable& each : tables) names.push_back(each.name);
    require(!first.empty(), "name a command (see scratchpack --help)");
    throw UsageError(fmt::format("{}: no such command ({}there are {})", first,
                                 advice(first, names), fmt::join(names, ", ")));
  }
  options.command = table->command;
  auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words(arguments.begin() + 1, dashes);
  bool separated = dashes != arguments.end();
  std::vector<std::string> behind(separated ? dashes + 1 : dashes, arguments.end());
  for (const std::string& word : words) {
    if (word != "--help" && word != "-h") continue;
    options.command = Command::help;
    options.text = help_text(*table);
    return options;
  }
  options.build.repeated = parse_command(*table, words);
  if (!options.build.config.empty()) take_config(options.build, *table, words, behind);
  if (options.command == Command::completion) {
    require(!options.completion.shell.empty(), "completion: name the shell: bash, zsh or fish");
    options.text = completion_script(options.completion.shell, tables);
  }
  finish(options, *table, separated, std::move(behind));
  return options;
}

}  // namespace scratchpack
