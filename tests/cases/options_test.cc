#include "bundler/options.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "bundler/base/error.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

BuildOptions build(std::vector<std::string> words) {
  words.insert(words.begin(), "build");
  return parse_options(words).build;
}

std::string refusal(const std::vector<std::string>& words) {
  try {
    parse_options(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("what stands behind -- belongs to the application, options and all") {
  BuildOptions o = build({"curl", "-o", "x", "--", "--help", "-o", "y", "--"});
  CHECK(o.application == "curl");
  CHECK(o.output == "x");
  CHECK(o.arguments == Words{"--help", "-o", "y", "--"});
}

TEST_CASE("an option that may be repeated takes one value each time") {
  BuildOptions o = build({"--env", "A=1", "--env=B=x=y", "--exclude", "/a", "curl", "--exclude",
                          "*.so", "--add-data", "-x:/y", "--env", "C="});
  CHECK(o.application == "curl");
  CHECK(o.env == std::vector<KeyValue>{{"A", "1"}, {"B", "x=y"}, {"C", ""}});
  CHECK(o.exclude == Words{"/a", "*.so"});
  CHECK(o.add_data == Words{"-x:/y"});
}

TEST_CASE("a value in brackets, braces or with commas arrives as it was typed") {
  BuildOptions o = build({"curl", "--exclude", "[ab],[cd]", "--exclude", "{}", "--exclude", "[]"});
  CHECK(o.exclude == Words{"[ab],[cd]", "{}", "[]"});
}

TEST_CASE("the last of a repeated single option counts, as for a compiler") {
  CHECK(build({"curl", "-o", "a", "-ob"}).output == "b");
  CHECK(build({"curl", "-q", "-q"}).quiet);
}

TEST_CASE("lists are split at their separators") {
  CHECK(build({"curl", "--library-path", "/a:/b", "--library-path", "/c"}).library_path ==
        Words{"/a", "/b", "/c"});
  CHECK(build({"curl", "--tz", "UTC,Asia/Seoul"}).tz == Words{"UTC", "Asia/Seoul"});
  CHECK(build({"curl", "--healthcheck", "/curl -f 'a b' \"\\\"\" ''"}).healthcheck ==
        Words{"/curl", "-f", "a b", "\"", ""});
}

TEST_CASE("--emit-dockerfile works with and without a path, before and after the application") {
  CHECK_FALSE(build({"curl"}).emit_dockerfile.has_value());
  CHECK(build({"curl", "--emit-dockerfile"}).emit_dockerfile == "");
  CHECK(build({"curl", "--emit-dockerfile", "D"}).emit_dockerfile == "D");
  CHECK(build({"curl", "--emit-dockerfile=D"}).emit_dockerfile == "D");
  CHECK(build({"--emit-dockerfile", "D", "curl"}).emit_dockerfile == "D");
  BuildOptions o = build({"--emit-dockerfile", "curl"});
  CHECK(o.application == "curl");
  CHECK(o.emit_dockerfile == "");
  CHECK(build({"--emit-dockerfile", "-q", "curl"}).application == "curl");
}

TEST_CASE("values are checked where they enter, and the message names option and value") {
  CHECK(says(refusal({"build", "a", "--env", "X"}), "--env X: not of the form K=V"));
  CHECK(says(refusal({"build", "a", "--env", "=x"}), "--env =x: not of the form K=V"));
  CHECK(says(refusal({"build", "a", "--user", "www"}), "--user www: not of the form UID[:GID]"));
  CHECK(says(refusal({"build", "a", "--user", "4294967295"}), "not of the form"));
  CHECK(says(refusal({"build", "a", "--user", "1:"}), "not of the form"));
  CHECK(build({"a", "--user", "7"}).user == Identity{7, 7});
  CHECK(build({"a", "--user", "7:8"}).user == Identity{7, 8});
  CHECK(says(refusal({"build", "a", "--expose", "70000"}), "not a port"));
  CHECK(says(refusal({"build", "a", "--expose", "80/icmp"}), "none of tcp, udp, sctp"));
  CHECK(says(refusal({"build", "a", "--expose", "80-90"}), "not a port"));
  CHECK(build({"a", "--expose", "80", "--expose", "53/udp"}).expose == Words{"80", "53/udp"});
  CHECK(build({"a", "--stop-signal", "INT"}).stop_signal == "SIGINT");
  CHECK(build({"a", "--stop-signal", "15"}).stop_signal == "15");
  CHECK(says(refusal({"build", "a", "--stop-signal", "SIGNONE"}), "not a signal"));
  CHECK(says(refusal({"build", "a", "--workdir", "srv"}), "not an absolute path"));
  CHECK(says(refusal({"build", "a", "--workdir", "/a/../b"}), "holds '..'"));
  CHECK(build({"a", "--workdir", "//srv/./x/"}).workdir == "/srv/x");
  CHECK(says(refusal({"build", "a", "--healthcheck", "a 'b"}), "a quote is not closed"));
  CHECK(says(refusal({"build", "a", "--layers", "101"}),
             "neither a number of 1 to 100 nor 'single'"));
  CHECK(says(refusal({"build", "a", "--platform", "linux/arm64"}), "linux/amd64"));
  CHECK(says(refusal({"build", "a", "--threads", "two"}), "not a number"));
  CHECK(says(refusal({"build", "a", "--compress", "xz"}), "not one of none, fast, good, best"));
  CHECK(says(refusal({"build", "a", "--output="}), "the value is empty"));
  CHECK(says(refusal({"build", "a", "--output"}), "--output"));
}

TEST_CASE("an image's name is one that Docker takes, and has a tag") {
  const std::string option = "--tag";
  CHECK(parse_image_name(option, "curl") == "curl:latest");
  CHECK(parse_image_name(option, "curl:7.88") == "curl:7.88");
  CHECK(parse_image_name(option, "localhost:5000/a/b_c") == "localhost:5000/a/b_c:latest");
  CHECK(parse_image_name(option, "localhost:5000/a:1") == "localhost:5000/a:1");
  for (const char* wrong : {"", "Curl", "a b", "-a", "a:", "a:b:c", "a/", "a@sha256:0", "a..b"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_image_name(option, wrong), UsageError);
  }
}

TEST_CASE("options that do not fit together are refused") {
  CHECK(says(refusal({"build", "a", "-q", "-v"}), "contradict"));
  CHECK(says(refusal({"build", "a", "--multi-stage"}), "only with --emit-dockerfile"));
  CHECK(says(refusal({"build", "a", "--emit-dockerfile", "--multi-stage"}), "--build-image"));
  CHECK(says(refusal({"build", "a", "--build-command", "make"}), "only with --multi-stage"));
  CHECK(says(refusal({"build", "a", "--format", "tar", "--compress", "best"}), "--compress"));
  CHECK(says(refusal({"build", "a", "--format", "dir", "--mode", "extract"}), "--mode"));
  CHECK(says(refusal({"build", "a", "--tag", "x"}), "only with --format oci or docker"));
  CHECK(says(refusal({"build", "a", "--format", "oci", "--emit-dockerfile"}), "is an image"));
  for (const char* python : {"./app.py", "./app.pyz"}) {
    CHECK(says(refusal({"build", python, "--format", "dir", "--emit-dockerfile", "--multi-stage",
                        "--build-image", "i"}),
               "only with --format onefile for a Python application"));
  }
  CHECK(says(refusal({"build", "a", "--format", "dir", "--emit-dockerfile", "--multi-stage",
                      "--build-image", "x"}),
             "with its folder"));
  CHECK(says(refusal({"inspect", "b", "--json", "--tree"}), "one of --json, --tree"));
  CHECK(says(refusal({"inspect", "b", "--", "x"}), "takes no arguments"));
}

TEST_CASE("a misspelt command or option is refused with the nearest name") {
  CHECK(says(refusal({"biuld", "a"}), "did you mean build? "));
  CHECK(says(refusal({"frobnicate"}), "no such command (there are build, trace"));
  CHECK(says(refusal({"build", "a", "--exlude", "x"}), "did you mean --exclude? "));
  CHECK(says(refusal({"build", "a", "--ouput=x"}), "--ouput: no such option of build (did you"));
  CHECK(says(refusal({"build", "a", "-z"}), "-z: no such option"));
  CHECK(says(refusal({"build", "a", "b"}), "one argument too many"));
  CHECK(says(refusal({"build"}), "name the application"));
  CHECK(says(refusal({}), "name a command"));
}

TEST_CASE("a format that there is not is refused with those there are") {
  CHECK(says(refusal({"build", "a", "--format", "rpm"}), "not one of onefile, oci, docker, tar"));
}

TEST_CASE("help starts with an example and names every option of its command") {
  std::string text = parse_options({"build", "--help"}).text;
  CHECK(text.starts_with("Example:\n  scratchpack build "));
  for (const char* option :
       {"--output PATH", "--format onefile|oci|docker|tar|dir", "--add-data SRC:DEST",
        "--emit-dockerfile [PATH]", "--force", "--threads N"}) {
    CHECK(says(text, option));
  }
  CHECK(parse_options({"--help"}).text.starts_with("Example:\n"));
  CHECK(parse_options({"--version"}).text.starts_with("scratchpack "));
  for (const char* command : {"build", "inspect", "extract", "verify", "recipes", "doctor"}) {
    CHECK(parse_options({command, "-h"}).text.starts_with("Example:\n"));
    CHECK(says(parse_options({"--help"}).text, std::string("scratchpack ") + command));
  }
}

TEST_CASE("help fits a hundred columns") {
  for (const char* command : {"build", "trace", "inspect", "extract", "verify", "recipes", "doctor",
                              "diff", "sbom", "completion", "help"}) {
    std::string text = parse_options({command, "--help"}).text;
    for (const std::string& line : split(text, '\n')) {
      CAPTURE(line);
      CHECK(line.size() <= 102);  // bytes: an ellipsis takes three
    }
  }
}

TEST_CASE("a build stage repeats what goes in and how it starts, not where it is written") {
  BuildOptions o = build({"app", "-o", "x", "--env", "A=1 2", "--exclude", "/e", "--tz", "UTC,GMT",
                          "--compress", "best", "--label", "a=b", "-q", "--emit-dockerfile"});
  CHECK(o.repeated ==
        Words{"--exclude", "/e", "--tz", "UTC,GMT", "--compress", "best", "--env", "A=1 2"});
}

TEST_CASE("verify runs the bundle only behind --") {
  CHECK_FALSE(parse_options({"verify", "b"}).verify.run);
  VerifyOptions o = parse_options({"verify", "b", "--timeout", "3", "--"}).verify;
  CHECK(o.run);
  CHECK(o.timeout == 3);
  CHECK(parse_options({"verify", "b", "--", "-x"}).verify.arguments == Words{"-x"});
}

TEST_CASE("SOURCE_DATE_EPOCH is seconds or an error, never half a number") {
  ::setenv("SOURCE_DATE_EPOCH", "12x", 1);
  CHECK_THROWS_AS(source_date_epoch(), UsageError);
  ::setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
  CHECK(source_date_epoch() == 1700000000);
  ::unsetenv("SOURCE_DATE_EPOCH");
  CHECK(source_date_epoch() == 0);
}
