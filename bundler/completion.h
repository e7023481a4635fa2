// What lets bash, zsh and fish complete commands, options and the values that are a choice, from
// the tables that parse them.
#pragma once

#include <string>
#include <vector>

#include "bundler/option_table.h"

namespace scratchpack {

/// The script for `shell` (bash, zsh or fish). Values that are no choice are completed as files.
std::string completion_script(const std::string& shell, const std::vector<CommandTable>& tables);

}  // namespace scratchpack
