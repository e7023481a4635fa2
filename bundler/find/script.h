// Scripts: the first line as the kernel reads it, and what env(1) makes of its argument.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scratchpack {

struct ScriptLine {
  std::string interpreter;              ///< as written
  std::optional<std::string> argument;  ///< all the rest of the line, one argument
};

/// The `#!` line of a file that begins with `head`; nothing when the kernel would not take it:
/// no `#!`, no name, or a name that does not end within the first 256 bytes.
std::optional<ScriptLine> read_script_line(std::string_view head);

/// The program that `env ARGUMENT` would run: options, `-S` and NAME=VALUE are stepped over.
/// Nothing when it names none.
std::optional<std::string> env_program(const std::string& argument);

/// Where programs are looked for when nothing else is said: a container engine's default PATH.
const std::vector<std::string>& default_path();

/// The first executable file of this name in our own PATH, as a shell would run it; `name` itself
/// when there is none.
std::string in_search_path(const std::string& name);

}  // namespace scratchpack
