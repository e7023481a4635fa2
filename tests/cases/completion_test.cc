// The completion scripts, asked by bash and fish; zsh reads its own. Shells that are not installed
// are left to tests/lib/build_scripts.sh, which installs them.
#include <doctest/doctest.h>

#include "bundler/options.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// What bash offers at the end of these words, one a line.
std::string offered(const std::string& words) {
  ScratchFolder folder;
  folder.write("completion", parse_options({"completion", "bash"}).text);
  return output_of("bash -c '. ./completion; COMP_WORDS=(" + words +
                       "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _scratchpack;"
                       " printf \"%s\\n\" \"${COMPREPLY[@]}\"'",
                   folder.path());
}

}  // namespace

TEST_CASE("bash completes commands, options and choices, and leaves the rest to files") {
  CHECK(offered("scratchpack bu") == "build\n");
  CHECK(offered("scratchpack build --form") == "--format\n");
  CHECK(offered("scratchpack build app --mode ex") == "extract\n");
  CHECK(offered("scratchpack completion f") == "fish\n");
  CHECK(offered("scratchpack build /us") == "\n");
  CHECK(offered("scratchpack build app -- --form") == "\n");
}

TEST_CASE("every option of every command is in every shell's script") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    std::string script = parse_options({"completion", shell}).text;
    for (const char* word :
         {"add-data", "emit-dockerfile", "timeout", "rewrites", "allow-private"}) {
      CAPTURE(shell);
      CAPTURE(word);
      CHECK(script.find(word) != std::string::npos);
    }
  }
}
