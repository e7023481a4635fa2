#include "tests/cases/tool_run.h"

#include <doctest/doctest.h>

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

}  // namespace scratchpack
