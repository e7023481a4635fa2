// --config: the options of a command line from a TOML file.
#include <doctest/doctest.h>

#include "bundler/base/error.h"
#include "bundler/options.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// What `build --config FILE WORD…` is parsed to.
BuildOptions parsed(const std::string& text, std::vector<std::string> words = {}) {
  ScratchFolder folder;
  folder.write("scratchpack.toml", text);
  words.insert(words.begin(), {"build", "--config", folder.path("scratchpack.toml")});
  return parse_options(words).build;
}

std::string refusal(const std::string& text) {
  try {
    parsed(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a config holds the application, its arguments and options of every kind") {
  BuildOptions options = parsed(R"(
app = "/bin/ls"
args = ["-l", "--color=never"]
output = "ls.bundle"
compress = "good"          # a choice
no-trial = true
dry-run = false
threads = 2
expose = [8080, "53/udp"]  # a list
tz = "UTC,Asia/Seoul"
add-data = "a:/srv"
healthcheck = "ls 'a b'"
emit-dockerfile = true
[env]
B = "2 words"
A = ""
)");
  CHECK(options.application == "/bin/ls");
  CHECK(options.arguments == std::vector<std::string>{"-l", "--color=never"});
  CHECK(options.output == "ls.bundle");
  CHECK(options.compress == "good");
  CHECK(options.no_trial);
  CHECK_FALSE(options.dry_run);
  CHECK(options.threads == 2);
  CHECK(options.expose == std::vector<std::string>{"8080", "53/udp"});
  CHECK(options.tz == std::vector<std::string>{"UTC", "Asia/Seoul"});
  CHECK(options.add_data == std::vector<std::string>{"a:/srv"});
  CHECK(options.healthcheck == std::vector<std::string>{"ls", "a b"});
  CHECK(options.emit_dockerfile == "");
  CHECK(options.env == std::vector<KeyValue>{{"A", ""}, {"B", "2 words"}});
}

TEST_CASE("what is typed overrides a config's values, and adds to its lists") {
  const std::string text =
      "app = 'a'\nargs = ['x']\noutput = 'one'\nenv = ['A=1']\nemit-dockerfile = true\n";
  BuildOptions options = parsed(text, {"b", "--output", "two", "--env", "A=2", "--", "y", "z"});
  CHECK(options.application == "b");
  CHECK(options.arguments == std::vector<std::string>{"y", "z"});
  CHECK(options.output == "two");
  CHECK(options.env == std::vector<KeyValue>{{"A", "1"}, {"A", "2"}});
  CHECK(options.emit_dockerfile == "");
  CHECK(options.repeated == std::vector<std::string>{"--env", "A=1", "--env", "A=2"});
}

TEST_CASE("what a config cannot hold is refused with its place") {
  CHECK(says(refusal("app = 'a'\n  outptu = 'b'\n"), "scratchpack.toml:2:3: unknown key 'outptu'"));
  CHECK(says(refusal("app = 'a'\nconfig = 'b'\n"), ":2:1: unknown key 'config'"));
  CHECK(says(refusal("app = \n"), "scratchpack.toml:1:"));
  CHECK(says(refusal("app = ['a']\n"), ":1:7: 'app' must be a string"));
  CHECK(says(refusal("args = 'a'\n"), "'args' must be a list of strings"));
  CHECK(says(refusal("no-trial = 'yes'\n"), "'no-trial' must be true or false"));
  CHECK(says(refusal("output = ['a', 'b']\n"), "'output' must be a string"));
  CHECK(says(refusal("output = ''\n"), "not empty"));
  CHECK(says(refusal("expose = { a = 1 }\n"), "'expose' must be a string or a list of strings"));
  CHECK(says(refusal("env = { A = [] }\n"), "'A' must be a string"));
  CHECK(says(refusal("format = 'zip'\n"), "scratchpack.toml: --format zip: not one of"));
  CHECK(says(refusal("output = 'b'\n"), "name the application"));
  CHECK_THROWS_AS(parse_options({"build", "--config", "/absent/file"}), Error);
}
