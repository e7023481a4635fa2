#include "bundler/content/content_root.h"

#include <doctest/doctest.h>

#include <set>

using namespace scratchpack;

namespace {

std::string root_of(const FileEntry& entry, const std::string& path = "/f",
                    const Launch& launch = {}) {
  const FileSet files{{path, entry}};
  return content_root(files, content_digests(files), launch);
}

}  // namespace

TEST_CASE("the content root follows content, mode, path and target, not the reason") {
  FileEntry entry{.content = "one"};
  const std::string before = root_of(entry);
  CHECK(before.size() == 64);
  entry.reason = "another";
  CHECK(root_of(entry) == before);
  CHECK(root_of(entry, "/g") != before);
  entry.mode = 0755;
  CHECK(root_of(entry) != before);
  CHECK(root_of({.content = "two"}) != before);
  CHECK(root_of({.content = "one", .container_first = true}) != before);
  CHECK(root_of({.content = "one", .append_user = true}) != before);
  CHECK(root_of({.kind = FileKind::symlink, .target = "a"}) !=
        root_of({.kind = FileKind::symlink, .target = "b"}));
}

TEST_CASE("the content root follows everything that a launch says") {
  const FileEntry entry{.content = "one"};
  const Launch launch{.mode = "in-place", .program = "/p", .interpreter = "/l", .named = "/n"};
  std::vector<Launch> others(11, launch);
  others[0].mode = "extract";
  others[1].program = "/q";
  others[2].interpreter = "/m";
  others[3].named = "/o";
  others[4].argv0 = "a";
  others[5].arguments = {"a"};
  others[6].arguments = {"a", ""};
  others[7].environment = {{.name = "A", .value = "1"}};
  others[8].environment = {{.name = "A", .value = "1", .only_if_unset = false}};
  others[9].workdir = "/w";
  others[10].user = "1:1";
  std::set<std::string> roots{root_of(entry, "/f", launch)};
  for (const Launch& other : others) roots.insert(root_of(entry, "/f", other));
  CHECK(roots.size() == others.size() + 1);
}
