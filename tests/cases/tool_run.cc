#include "tests/cases/tool_run.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace scratchpack {

const std::string kTool = SCRATCHPACK_BINARY_DIR "/scratchpack";

Ran run(const ScratchFolder& folder, const std::string& arguments, const std::string& before) {
  Ran ran{};
  ran.out =
      output_of(before + " '" + kTool + "' " + arguments + " 2>'" + folder.path(".errors") + "'",
                folder.path(), &ran.status);
  ran.errors = output_of("cat .errors; rm .errors", folder.path());
  return ran;
}

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace scratchpack
