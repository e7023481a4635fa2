// What a shell script executes, by its text alone: good enough to know which programs an image's
// entrypoint needs beside itself, not to run anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scratchpack {

/// The names in command position, each once, in order: `if`, `exec`, assignments and the like are
/// stepped over, builtins are not told from programs. Those made at run time (`$NAME`) are not
/// among them.
std::vector<std::string> shell_commands(std::string_view script);

/// The words of a text that is one command without anything for a shell to do: no expansion, no
/// redirection, no second command; a leading `exec` is dropped. Nothing for any other.
std::optional<std::vector<std::string>> plain_command(const std::string& text);

}  // namespace scratchpack
