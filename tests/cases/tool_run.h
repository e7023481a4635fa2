// The tool as a user runs it.
#pragma once

#include <cstddef>
#include <string>

#include "tests/cases/scratch_folder.h"

namespace scratchpack {

extern const std::string kTool;

struct Ran {
  int status;
  std::string out;     ///< standard output
  std::string errors;  ///< standard error
};

/// Runs `scratchpack ARGUMENTS` in the folder; `before` goes in front of the command.
Ran run(const ScratchFolder& folder, const std::string& arguments, const std::string& before = "");

/// Whether `part` stands in a text, which a failing check then shows.
bool says(const std::string& text, const std::string& part);

std::size_t lines_in(const std::string& text);

}  // namespace scratchpack
