#include "bundler/summary.h"

#include <doctest/doctest.h>

#include "bundler/base/error.h"
#include "bundler/inspect.h"
#include "bundler/report.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

ReportFile file_of(const std::string& path, std::uint64_t size, const std::string& reason) {
  return {
      .path = path, .kind = "file", .size = size, .stored = size, .mode = 0644, .reason = reason};
}

Report curl() {
  Report report;
  report.application = "/usr/bin/curl";
  report.format = "onefile";
  report.output = "curl.bundle";
  report.bytes = 4123456;
  report.interpreter = "/lib64/ld.so";
  report.root = "abc";
  report.start.mode = "in-place";
  report.launch.program = "/usr/bin/curl";
  report.files = {
      {.path = "/lib64", .kind = "symlink", .target = "usr/lib64", .reason = "on the way"},
      {.path = "/usr", .kind = "directory", .mode = 0755, .reason = "holds /usr/bin/curl"},
      file_of("/usr/bin/curl", 280000, "the application"),
      file_of("/usr/lib/libcurl.so.4", 600000, "needed by /usr/bin/curl"),
      file_of("/usr/lib/libz.so.1.2.13", 120000, "needed by /usr/lib/libcurl.so.4"),
      file_of("/usr/lib64/ld.so", 200000, "dynamic linker of /usr/bin/curl"),
      file_of("/usr/share/zoneinfo/UTC", 114, "recipe tz: time zones")};
  report.files[2].mode = 0755;
  report.files[2].package = "curl 7.88.1-10";
  report.files[2].source = "/usr/bin/curl";
  return report;
}

}  // namespace

TEST_CASE("sizes are said as people say them") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(999) == "999 B");
  CHECK(human_size(1000) == "1.0 kB");
  CHECK(human_size(999949) == "999.9 kB");
  CHECK(human_size(999950) == "1.0 MB");
  CHECK(human_size(4123456) == "4.1 MB");
  CHECK(human_size(99000000000) == "99.0 GB");
}

TEST_CASE("words are quoted only where a shell would read more into them") {
  CHECK(shell_quoted("/usr/bin/curl") == "/usr/bin/curl");
  CHECK(shell_quoted("") == "''");
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("$x") == "'$x'");
}

TEST_CASE("files are grouped by what brought them, the largest group first") {
  std::vector<FileGroup> groups = group_by_reason(curl());
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].name == "libraries");
  CHECK(groups[0].files == 3);
  CHECK(groups[0].size == 920000);
  CHECK(groups[1].name == "the program");
  CHECK(groups[2].name == "recipe tz");
}

TEST_CASE("the summary says what went in, how big it is, how it starts and how to run it") {
  Report report = curl();
  report.gzipped = 1500000;
  std::string text = summary_text(report, {"./curl.bundle"}, false, false);
  CHECK(text.starts_with("curl.bundle: /usr/bin/curl as one executable\n"));
  CHECK(says(text, "\n  libraries                               3   920.0 kB   920.0 kB\n"));
  CHECK(says(text, "\n  all                                     5     1.2 MB     1.2 MB\n"));
  CHECK(says(text, " 4.1 MB\n"));
  CHECK(says(text, "as an image layer, gzipped                               1.5 MB\n"));
  CHECK(says(text, "\nStart: in place;"));
  CHECK(says(text, "\nRun it:\n  ./curl.bundle\n"));
  report.gzipped_sampled = true;
  CHECK(says(summary_text(report, {}, false, false), " about 1.5 MB\n"));
  CHECK_FALSE(says(text, "\x1b"));
  CHECK(summary_text(report, {}, false, true).starts_with("\x1b[1mcurl.bundle"));
}

TEST_CASE("a summary names every file and its reason only when asked") {
  CHECK_FALSE(says(summary_text(curl(), {}, false, false), "libz.so"));
  std::string text = summary_text(curl(), {}, true, false);
  CHECK(says(text, "120.0 kB /usr/lib/libz.so.1.2.13 (needed by /usr/lib/libcurl.so.4)\n"));
  CHECK(says(text, "/lib64 -> usr/lib64 (on the way)\n"));
}

TEST_CASE("an extracted start says why, and which paths are not served") {
  Report report = curl();
  report.start = {"extract", "a site cannot be rewritten", {}};
  for (int i = 0; i < 10; ++i) report.start.unserved.push_back("/path/" + std::to_string(i));
  std::string text = summary_text(report, {}, false, false);
  CHECK(says(text, "because a site cannot be rewritten"));
  CHECK(says(text, "  /path/7\n  and 2 more (--json names all)\n"));
}

TEST_CASE("many groups are summed up as other") {
  Report report = curl();
  for (int i = 0; i < 20; ++i) {
    report.files.push_back(
        file_of("/x" + std::to_string(i), 10, "recipe r" + std::to_string(i) + ": x"));
  }
  std::string text = summary_text(report, {}, false, false);
  CHECK(says(text, "\n  other "));
  CHECK(says(text, "\n  all                                    25 "));
}

TEST_CASE("the JSON summary has the promised keys and reads back as it was") {
  Report report = curl();
  report.start.unserved = {"/compiled/in"};
  report.warnings = {"watch out"};
  report.missing = {{"libfoo.so.1", "/usr/bin/curl", {{"/usr/lib/libfoo.so.1", "no such file"}}}};
  report.rewrites = {{"/usr/lib64/ld.so", {{4096, 257, "kept"}, {8192, -1, "moved"}}}};
  report.launch.environment = {{.name = "A", .value = "1", .reason = "--env"}};
  std::string json = to_json(report);
  for (const char* key : {"\"version\": 1",
                          "\"application\"",
                          "\"format\"",
                          "\"output\"",
                          "\"bytes\": 4123456",
                          "\"interpreter\"",
                          "\"root\"",
                          "\"start\"",
                          "\"mode\": \"in-place\"",
                          "\"unserved\"",
                          "\"files\"",
                          "\"kind\"",
                          "\"target\"",
                          "\"source\": \"/usr/bin/curl\"",
                          "\"size\": 120000",
                          "\"stored\"",
                          "\"mode\": \"0755\"",
                          "\"reason\"",
                          "\"package\"",
                          "\"missing\"",
                          "\"needed_by\"",
                          "\"tried\"",
                          "\"why\"",
                          "\"warnings\""}) {
    CHECK(says(json, key));
  }
  CHECK(to_json(from_json(json)) == json);
}

TEST_CASE("the manifest leaves out what belongs to the build machine") {
  Report report = curl();
  report.output = "/home/me/curl.bundle";
  report.files[2].source = "/home/me/curl";
  std::string manifest = to_manifest(report);
  CHECK_FALSE(says(manifest, "/home/me"));
  Report back = from_json(manifest);
  CHECK(back.application == report.application);
  CHECK(back.files.size() == report.files.size());
}

TEST_CASE("a manifest that is none is refused with a reason") {
  for (const char* text :
       {"", "{", "[]", "{\"version\": 2}", "{\"version\": 1, \"files\": [1]}",
        "{\"version\": 1, \"bytes\": \"many\"}", "{\"version\": 1, \"start\": 7}",
        "{\"version\": 1, \"files\": [{\"size\": {}}]}", "\xff\xfe"}) {
    CAPTURE(std::string(text));
    CHECK_THROWS_AS(from_json(text), Error);
  }
}

TEST_CASE("names that are no UTF-8 do not break the JSON") {
  Report report = curl();
  report.files[3].path = "/usr/lib/\xff.so";
  CHECK(from_json(to_json(report)).files[3].path == "/usr/lib/\xef\xbf\xbd.so");
}

TEST_CASE("why follows the reasons up to the application") {
  CHECK(why_text(curl(), "/usr/lib/libz.so.1.2.13") ==
        "/usr/lib/libz.so.1.2.13: 120.0 kB\n"
        "  needed by /usr/lib/libcurl.so.4\n"
        "  needed by /usr/bin/curl\n"
        "  the application\n");
  CHECK(says(why_text(curl(), "curl"), "280.0 kB, package curl 7.88.1-10\n  the application\n"));
  CHECK(says(why_text(curl(), "/lib64"), "a link to usr/lib64\n"));
  CHECK_THROWS_WITH_AS(why_text(curl(), "libx.so"),
                       "explain libx.so: not in the bundle (--tree shows what is)", Error);
  Report twice = curl();
  twice.files.push_back(file_of("/opt/curl", 1, "needed by /opt/curl"));
  CHECK_THROWS_AS(why_text(twice, "curl"), Error);
  // A reason that turns in a circle ends.
  CHECK(says(why_text(twice, "/opt/curl"), "needed by /opt/curl\n"));
}

TEST_CASE("the tree sums up each folder and names where links lead") {
  CHECK(tree_text(curl()) ==
        "    1.2 MB  /\n"
        "            ├── lib64 -> usr/lib64\n"
        "    1.2 MB  └── usr/\n"
        "  280.0 kB      ├── bin/\n"
        "  280.0 kB      │   └── curl\n"
        "  720.0 kB      ├── lib/\n"
        "  600.0 kB      │   ├── libcurl.so.4\n"
        "  120.0 kB      │   └── libz.so.1.2.13\n"
        "  200.0 kB      ├── lib64/\n"
        "  200.0 kB      │   └── ld.so\n"
        "     114 B      └── share/\n"
        "     114 B          └── zoneinfo/\n"
        "     114 B              └── UTC\n");
}

TEST_CASE("rewrites are told by the names of the calls") {
  Report report = curl();
  CHECK(says(rewrites_text(report), "Nothing was rewritten"));
  report.rewrites = {{"/usr/lib64/ld.so", {{0x1000, 257, "kept"}, {0x2000, -1, "moved"}}}};
  std::string text = rewrites_text(report);
  CHECK(says(text, "/usr/lib64/ld.so: 2 system calls ask the bundle first\n"));
  CHECK(says(text, "0x1000  openat\n"));
  CHECK(says(text, "any call (the number is known only at run time), the instruction moved\n"));
}

TEST_CASE("a missing library is told with every place that was tried") {
  CHECK(missing_text({{"libfoo.so.1",
                       "/usr/bin/x",
                       {{"/a/libfoo.so.1", "no such file"}, {"/b/libfoo.so.1", "32-bit"}}}}) ==
        "libfoo.so.1, needed by /usr/bin/x, was looked for in\n"
        "  /a/libfoo.so.1: no such file\n"
        "  /b/libfoo.so.1: 32-bit\n");
}
