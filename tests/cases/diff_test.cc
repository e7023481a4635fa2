// What `diff` finds between two bundles, and how it says so.
#include "bundler/diff.h"

#include <doctest/doctest.h>

#include "tests/cases/image_fixture.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

DiffSide some_side() {
  DiffSide side{.name = "a", .bytes = 5000};
  side.files["/bin"] = {.kind = "directory", .mode = 0755};
  side.files["/bin/app"] = {.kind = "file", .mode = 0755, .size = 1000, .digest = "aa"};
  side.files["/lib"] = {.kind = "directory", .mode = 0755};
  side.files["/lib/libz.so.1"] = {.kind = "symlink", .mode = 0777, .target = "libz.so.1.2"};
  side.files["/lib/libz.so.1.2"] = {
      .kind = "file", .mode = 0644, .size = 500, .digest = "bb", .package = "zlib1g 1.2"};
  side.environment = {{"TZ", "UTC"}, {"EMPTY", ""}};
  side.settings = {{"user", "65532:65532"}, {"start", "in-place"}};
  return side;
}

std::string text_of(const DiffSide& before, const DiffSide& after) {
  return diff_text(difference(before, after), before, after);
}

}  // namespace

TEST_CASE("what holds the same is the same, whatever it is called") {
  DiffSide other = some_side();
  other.name = "b";
  CHECK(difference(some_side(), other).same);
  CHECK(text_of(some_side(), other) == "a and b hold the same\n");
}

TEST_CASE("a difference names start, environment, packages, files and the net change") {
  DiffSide after = some_side();
  after.name = "b";
  after.bytes = 7000;
  after.files.erase("/lib/libz.so.1.2");
  after.files["/lib/libz.so.1.3"] = {
      .kind = "file", .mode = 0644, .size = 600, .digest = "cc", .package = "zlib1g 1.3"};
  after.files["/lib/libz.so.1"].target = "libz.so.1.3";
  after.files["/bin/app"].digest = "dd";
  after.files["/bin/app"].mode = 0700;
  after.files["/srv"] = {.kind = "directory", .mode = 0755};
  after.files["/srv/deep"] = {.kind = "directory", .mode = 0755};
  after.files["/srv/deep/data"] = {.kind = "file", .mode = 0644, .size = 7, .digest = "ee"};
  after.environment = {{"TZ", "Asia/Seoul"}};
  after.settings["user"] = "1000:1000";
  CHECK(text_of(some_side(), after) ==
        "a -> b\n"
        "start\n"
        "  ~ user: 65532:65532 -> 1000:1000\n"
        "environment\n"
        "  - EMPTY=\n"
        "  ~ TZ=UTC -> Asia/Seoul\n"
        "packages\n"
        "  ~ zlib1g 1.2 -> 1.3\n"
        "files\n"
        "  - /lib/libz.so.1.2  500 B  (zlib1g 1.2)\n"
        "  + /lib/libz.so.1.3  600 B  (zlib1g 1.3)\n"
        "  + /srv/  1 file, 7 B\n"
        "  ~ /bin/app  content; mode 0755 -> 0700\n"
        "  ~ /lib/libz.so.1  leads to libz.so.1.2 -> libz.so.1.3\n"
        "net: 4 added, 1 removed, 2 changed; +107 B of content, +2.0 kB as shipped\n");
}

TEST_CASE("diff tells two builds apart, and its status is as diff's") {
  ScratchFolder folder;
  auto build = [&](const std::string& data, const std::string& words) {
    folder.write("data", data);
    REQUIRE(run(folder, "build env -q --no-recipe '*' --add-data data:/srv " + words).status == 0);
  };
  build("one", "-o a");
  build("one", "-o b --compress fast");
  build("other", "-o c --env NAME=value");
  Ran same = run(folder, "diff a a");
  CHECK(same.status == 0);
  CHECK(same.out == "a and a hold the same\n");
  Ran packed = run(folder, "diff a b");
  CHECK(packed.status == 1);
  CHECK(says(packed.out, "  ~ compression: none -> fast\nnet: 0 added, 0 removed, 0 changed;"));
  Ran other = run(folder, "diff a c");
  CHECK(other.status == 1);
  CHECK(says(other.out, "  ~ /srv/data  content, 3 B -> 5 B\n"));
  CHECK(says(other.out, "  + NAME=value\n"));
  CHECK(
      says(run(folder, "diff a c --json").out, "\"net\": {\n    \"files\": 0,\n    \"size\": 2,"));
  Ran none = run(folder, "diff a data");
  CHECK(none.status == 2);
  CHECK(says(none.errors, "scratchpack: read data: "));
}

TEST_CASE("images are compared as what their layers give together, and by their configuration") {
  ScratchFolder folder;
  const std::string base = tar_of({{"etc", "", '5', "", 0755}, {"etc/app.conf", "one"}});
  folder.write("a.tar", oci_archive({{base}}, R"({"User": "1", "Env": ["A=b"]})"));
  folder.write("b.tar",
               docker_archive({{base}, {tar_of({{"etc/.wh.app.conf", ""}, {"etc/new", "two"}})}},
                              R"({"User": "2", "Env": ["A=b"], "Labels": {"x": "y"}})"));
  Ran ran = run(folder, "diff a.tar b.tar");
  CHECK(ran.status == 1);
  CHECK(says(ran.out, "start\n  + label x: y\n  ~ user: 1 -> 2\nfiles\n"));
  CHECK(says(ran.out, "  - /etc/app.conf  3 B\n  + /etc/new  3 B\nnet: 1 added, 1 removed, 0 c"));
  CHECK(run(folder, "diff a.tar a.tar").status == 0);
}
