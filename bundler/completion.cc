#include "bundler/completion.h"

#include <fmt/format.h>

namespace scratchpack {
namespace {

/// The only values there are; empty where others are allowed.
std::vector<std::string> choices_of(const Row& row) {
  bool choice = row.value.find('|') != std::string::npos && !row.value.ends_with("…");
  return choice ? split(row.value, '|') : std::vector<std::string>{};
}

/// Calls `use` for each row of the command.
template <typename Use>
void for_each_row(const CommandTable& table, const Use& use) {
  for (const Section& section : table.sections) {
    for (const Row& row : section.rows) use(row);
  }
}

std::string commands_of(const std::vector<CommandTable>& tables) {
  std::string names;
  for (const CommandTable& table : tables) names += table.name + " ";
  return names;
}

/// The first words of what a command is for.
std::string short_purpose(const CommandTable& table) {
  return table.purpose.substr(0, table.purpose.find_first_of(".\n,"));
}

// ---- bash ----------------------------------------------------------------------------------

std::string bash_script(const std::vector<CommandTable>& tables) {
  std::string values, options, positions;
  for (const CommandTable& table : tables) {
    std::string names = "--help ";
    for_each_row(table, [&](const Row& row) {
      std::string words = fmt::format("{}", fmt::join(choices_of(row), " "));
      if (row.positional()) {
        if (!words.empty()) positions += fmt::format("    {}) words='{}' ;;\n", table.name, words);
        return;
      }
      names += row.long_name() + " ";
      if (words.empty()) return;
      values += fmt::format("    '{} {}') words='{}' ;;\n", table.name, row.long_name(), words);
    });
    options += fmt::format("      {}) words='{}' ;;\n", table.name, names);
  }
  return fmt::format(R"(# bash completion for scratchpack
_scratchpack() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words= each
  local command=${{COMP_WORDS[1]}}
  COMPREPLY=()
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [ "$each" != -- ] || return 0 # the application's own
  done
  case $command in
{positions}  esac
  case "$command $before" in
{values}  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='{commands}--help --version'
  elif [ "${{word:0:1}}" = - ]; then
    case $command in
{options}    esac
  fi
  [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -o default -F _scratchpack scratchpack
)",
                     fmt::arg("positions", positions), fmt::arg("values", values),
                     fmt::arg("commands", commands_of(tables)), fmt::arg("options", options));
}

// ---- zsh -----------------------------------------------------------------------------------

/// Text inside '…' and [ ] of an _arguments specification.
std::string zsh_text(const std::string& text) {
  std::string quoted;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':') quoted += '\\';
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return quoted;
}

std::string zsh_specification(const Row& row) {
  std::vector<std::string> choices = choices_of(row);
  std::string action = choices.empty() ? "_files" : fmt::format("({})", fmt::join(choices, " "));
  if (row.positional()) return fmt::format("'*:{}:{}'", zsh_text(row.names), action);
  std::string value;
  if (!row.flag()) {
    value = fmt::format("{}:{}:{}", row.value_optional() ? ":" : "", zsh_text(row.value), action);
  }
  return fmt::format("'*{}{}[{}]{}'", row.long_name(), value.empty() ? "" : "=", zsh_text(row.help),
                     value);
}

std::string zsh_script(const std::vector<CommandTable>& tables) {
  std::string commands, cases;
  for (const CommandTable& table : tables) {
    commands += fmt::format("    '{}:{}'\n", table.name, zsh_text(short_purpose(table)));
    cases += fmt::format("    {})\n      _arguments -S '--help[the options]'", table.name);
    for_each_row(table, [&](const Row& row) { cases += " \\\n        " + zsh_specification(row); });
    cases += " ;;\n";
  }
  return fmt::format(R"(#compdef scratchpack
_scratchpack() {{
  local -a commands=(
{commands}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{cases}  esac
}}
_scratchpack "$@"
)",
                     fmt::arg("commands", commands), fmt::arg("cases", cases));
}

// ---- fish ----------------------------------------------------------------------------------

std::string fish_text(const std::string& text) {
  std::string quoted;
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted;
}

std::string fish_line(const CommandTable& table, const Row& row) {
  std::vector<std::string> choices = choices_of(row);
  std::string line =
      fmt::format("complete -c scratchpack -n '__fish_seen_subcommand_from {}'", table.name);
  if (row.positional()) {
    return choices.empty() ? "" : fmt::format("{} -f -a '{}'\n", line, fmt::join(choices, " "));
  }
  for (const std::string& name : split(row.names, ',')) {
    bool is_long = name.starts_with("--");
    line += fmt::format(" -{} {}", is_long ? "l" : "s", name.substr(is_long ? 2 : 1));
  }
  if (!choices.empty()) {
    line += fmt::format(" -x -a '{}'", fmt::join(choices, " "));
  } else if (!row.flag() && !row.value_optional()) {
    line += " -r";
  }
  return fmt::format("{} -d '{}'\n", line, fish_text(row.help));
}

std::string fish_script(const std::vector<CommandTable>& tables) {
  std::string text = "# fish completion for scratchpack\n";
  for (const CommandTable& table : tables) {
    text += fmt::format("complete -c scratchpack -f -n __fish_use_subcommand -a {} -d '{}'\n",
                        table.name, fish_text(short_purpose(table)));
    for_each_row(table, [&](const Row& row) { text += fish_line(table, row); });
  }
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell, const std::vector<CommandTable>& tables) {
  if (shell == "zsh") return zsh_script(tables);
  return shell == "fish" ? fish_script(tables) : bash_script(tables);
}

}  // namespace scratchpack
