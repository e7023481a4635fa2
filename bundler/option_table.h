// The commands and their options as tables: a row is an option's name, where its value goes, and
// its help. Parsing, help, repetition in a build stage and advice on a misspelt name read them.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bundler/base/values.h"
#include "bundler/options.h"

namespace scratchpack {

/// A list typed in one value, such as a search path.
struct SeparatedList {
  std::vector<std::string>* list;
  char separator;
};
/// A command typed in one value.
struct CommandWords {
  std::vector<std::string>* words;
};
/// The same for each time it is given, where no words at all is a command, too.
struct ManyCommands {
  std::vector<std::vector<std::string>>* commands;
};
using Target = std::variant<bool*, unsigned*, std::string*, std::optional<std::string>*,
                            std::vector<std::string>*, std::vector<KeyValue>*,
                            std::optional<Identity>*, SeparatedList, CommandWords, ManyCommands>;
using Check = std::string (*)(const std::string& option, const std::string& text);

struct Row {
  std::string names;  ///< "-o,--output"; without dashes: a positional argument
  std::string value;  ///< as help shows it; with '|' the only values there are; empty for a flag
  Target target;
  std::string help;
  Check check = nullptr;

  bool positional() const { return names[0] != '-'; }
  bool flag() const { return std::holds_alternative<bool*>(target); }
  bool value_optional() const {
    return std::holds_alternative<std::optional<std::string>*>(target);
  }
  std::string long_name() const { return names.substr(names.find("--")); }
};

struct Section {
  std::string title;
  bool repeated;  ///< a build stage needs these, too
  std::vector<Row> rows;
};

struct CommandTable {
  Command command;
  std::string name;
  std::string example;
  std::string usage;
  std::string purpose;
  std::vector<Section> sections;
};

/// Every command, its targets inside `options`, which has to outlive the tables.
std::vector<CommandTable> command_tables(Options& options);

/// What `scratchpack --help` prints.
std::string help_text(const std::vector<CommandTable>& tables);

/// What `scratchpack COMMAND --help` prints.
std::string help_text(const CommandTable& table);

}  // namespace scratchpack
