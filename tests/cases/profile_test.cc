#include "bundler/find/profile.h"

#include <doctest/doctest.h>

#include <random>

#include "bundler/base/error.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

Profile sample() {
  Profile profile{.runs = {{"/usr/bin/server", 143}}};
  profile.add("/usr/bin/server", Use::executed);
  profile.add("/lib64/ld-linux-x86-64.so.2", Use::interpreter);
  profile.add("/usr/lib/libz.so.1", Use::mapped);
  profile.add("/etc/server/\"quoted\" \xea\xb0\x80", Use::opened);
  profile.add("/usr/lib/plugins", Use::listed);
  profile.add("/usr/share/server", Use::looked_at);
  profile.missing = {"/etc/server.local"};
  profile.private_files = {"/srv/.env"};
  return profile;
}

std::string refusal_of(const std::string& text) {
  try {
    parse_profile(text, "p");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string with(const std::string& rest) { return "{\"scratchpack_profile\": 1, " + rest + "}"; }

}  // namespace

TEST_CASE("a profile is read back as it was written, and written the same again") {
  Profile profile = sample();
  std::string text = to_json(profile);
  Profile read = parse_profile(text, "p");
  CHECK(read.runs == profile.runs);
  CHECK(read.files == profile.files);
  CHECK(read.missing == profile.missing);
  CHECK(read.private_files == profile.private_files);
  CHECK(to_json(read) == text);
}

TEST_CASE("of several uses the strongest is kept") {
  Profile profile;
  profile.add("/a", Use::opened);
  profile.add("/a", Use::executed);
  profile.add("/a", Use::looked_at);
  CHECK(profile.files.at("/a") == Use::executed);
}

TEST_CASE("merged profiles have what either used, and miss what neither found") {
  Profile first = sample();
  Profile second{.runs = {{"/usr/bin/client", 0}}};
  second.add("/etc/server.local", Use::opened);
  second.add("/usr/lib/plugins", Use::looked_at);
  second.missing = {"/usr/share/server", "/etc/nowhere"};
  second.private_files = {"/usr/bin/server", "/etc/nowhere2"};
  Profile other_way = second;
  other_way.merge(first);
  first.merge(second);
  CHECK(first.runs == std::vector<ProfileRun>{{"/usr/bin/client", 0}, {"/usr/bin/server", 143}});
  CHECK(first.files.at("/etc/server.local") == Use::opened);
  CHECK(first.files.at("/usr/lib/plugins") == Use::listed);
  CHECK(first.missing == std::set<std::string>{"/etc/nowhere"});
  CHECK(first.private_files == std::set<std::string>{"/etc/nowhere2", "/srv/.env"});
  CHECK(to_json(other_way) == to_json(first));
}

TEST_CASE("what is no profile is refused with its name") {
  for (const char* text : {"", "{", "[]", "null", "{}", "{\"version\": 1}",
                           "\x7f"
                           "ELF"}) {
    CHECK(says(refusal_of(text), "read profile p: it is none"));
  }
  CHECK(says(refusal_of("{\"scratchpack_profile\": 2}"), "not of version 1"));
  CHECK(says(refusal_of("{\"scratchpack_profile\": \"1\"}"), "not of version 1"));
  CHECK(says(refusal_of(with("\"opened\": {}")), "opened is not a list"));
  for (const char* path : {"\"etc\"", "\"\"", "7", "\"/a/../b\"", "\"/a/\"", "\"/a\\u0000b\""}) {
    CHECK(
        says(refusal_of(with(std::string("\"opened\": [") + path + "]")), "not an absolute path"));
  }
  CHECK(says(refusal_of(with("\"runs\": [{\"program\": \"/a\"}]")), "a run without"));
  CHECK(refusal_of(with("\"opened\": [\"/\"], \"later\": 1")).empty());
}

TEST_CASE("a damaged profile is read or refused, nothing else") {
  const std::string whole = to_json(sample());
  std::mt19937 random(20261124);
  int read = 0, refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = whole.substr(0, random() % 4 == 0 ? random() % whole.size() : whole.size());
    for (std::size_t left = random() % 4 + 1; left > 0 && !text.empty(); --left) {
      std::size_t place = random() % text.size();
      const char favourites[] = {'"', '[', '{', '0', '-', '\0', '\\', '\xff'};
      text[place] = favourites[random() % sizeof favourites];
    }
    ++(refusal_of(text).empty() ? read : refused);
  }
  CHECK(read > 100);
  CHECK(refused > 10000);
}
