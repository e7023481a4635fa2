// What a file says it loads while it runs: notes and names, and what becomes of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "bundler/base/file.h"
#include "bundler/find/dlopen.h"
#include "tests/cases/recipe_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

/// Assembler for a note whose content is this JSON.
std::string note(std::string json) {
  for (std::size_t at = 0; (at = json.find('"', at)) != json.npos; at += 4) {
    json.replace(at, 1, "\\\\\\\"");
  }
  return "__asm__(\".pushsection .note.dlopen,\\\"a\\\",@note\\n.balign 4\\n"
         ".long 1f-0f, 3f-2f, 0x407c0c0a\\n0: .asciz \\\"FDO\\\"\\n1: .balign 4\\n2: .asciz \\\"" +
         json + "\\\"\\n3: .balign 4\\n.popsection\");\n";
}

std::vector<DlopenNote> notes_in(const TinyRoot& root, std::vector<std::string>& faults) {
  MappedFile file(root.path("app"));
  return dlopen_notes(file.bytes(), faults);
}

Plan followed(const TinyRoot& root, DlopenChoice choice) {
  Sysroot sysroot(root.path());
  ResolveOptions options;
  Plan plan = plan_application(sysroot, "/app", options);
  DlopenFinder finder(plan, sysroot, options, choice);
  finder.follow();
  finder.note_unloaded();
  return plan;
}

const char* kNamesFoo =
    "void* dlopen(const char*, int); void* f(void) { return dlopen(\"libfoo.so.1\", 2); }";

std::string priority(const std::string& word) {
  return R"([{"feature":"zip","soname":["libnone.so.1","libfoo.so.1"],"priority":")" + word +
         "\"}]";
}

}  // namespace

TEST_CASE("dlopen notes: the older spelling and the standard's are read") {
  TinyRoot root;
  root.program("", note(R"({"soname":"libold.so.1"})") + note(priority("required")));
  std::vector<std::string> faults;
  std::vector<DlopenNote> notes = notes_in(root, faults);
  CHECK(faults.empty());
  REQUIRE(notes.size() == 2);
  CHECK(notes[0].sonames == std::vector<std::string>{"libold.so.1"});
  CHECK(notes[0].priority == DlopenPriority::recommended);
  CHECK(notes[1].sonames == std::vector<std::string>{"libnone.so.1", "libfoo.so.1"});
  CHECK(notes[1].feature == "zip");
  CHECK(notes[1].priority == DlopenPriority::required);
}

TEST_CASE("dlopen notes: a malformed one is told with the file's name, and breaks nothing") {
  for (const char* json :
       {"[{", "7", "[7]", R"([{"soname":[7]}])", R"([{"soname":[""]}])", "[{}]"}) {
    CAPTURE(json);
    TinyRoot root;
    root.program("", note(json));
    Plan plan = followed(root, DlopenChoice::notes);
    CHECK(has_warning(plan, "/app: "));
    CHECK(has_warning(plan, "dlopen note"));
  }
}

TEST_CASE("dlopen notes: damaged ones are read inside of the file") {
  TinyRoot root;
  root.program("", note(priority("required")));
  const Bytes whole = read_file(root.path("app"));
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = whole;
    for (int change = 0; change < 8; ++change) {
      // Headers, or anywhere.
      std::size_t range = change % 2 == 0 ? 0x400 : bytes.size();
      bytes[random() % range] = static_cast<std::uint8_t>(random());
    }
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    std::vector<std::string> faults;
    for (const DlopenNote& each : dlopen_notes(bytes, faults)) CHECK_FALSE(each.sonames.empty());
    for (const std::string& name : library_names(bytes)) CHECK(name.starts_with("lib"));
  }
}

TEST_CASE("dlopen notes: the first library of a list that is there comes, with the reason") {
  TinyRoot root;
  root.library("libfoo.so.1", "");
  for (const char* word : {"required", "recommended"}) {
    root.program("", note(priority(word)));
    Plan plan = followed(root, DlopenChoice::notes);
    CHECK(the_want(plan, "libfoo.so.1").reason == "loaded by /app for zip, as a note in it tells");
    CHECK(plan.missing.empty());
    CHECK_FALSE(wants(followed(root, DlopenChoice::none), "libfoo.so.1"));
  }
}

TEST_CASE("dlopen notes: what is missing is an error, a warning or nothing, by its priority") {
  TinyRoot root;
  root.program("", note(priority("required")));
  Plan plan = followed(root, DlopenChoice::notes);
  REQUIRE(plan.missing.size() == 2);
  CHECK(plan.missing[0].name == "libnone.so.1");
  CHECK(plan.missing[0].needed_by == "/app");
  CHECK_FALSE(plan.missing[0].tried.empty());
  root.program("", note(priority("recommended")));
  plan = followed(root, DlopenChoice::notes);
  CHECK(plan.missing.empty());
  CHECK(has_warning(plan, "libnone.so.1 or libfoo.so.1 is not installed, which /app recommends"));
  root.program("", note(priority("suggested")));
  plan = followed(root, DlopenChoice::automatic);
  CHECK(plan.missing.empty());
  CHECK(plan.warnings.empty());
}

TEST_CASE("dlopen notes: what is suggested is told, and comes with --dlopen auto") {
  TinyRoot root;
  root.library("libfoo.so.1", "");
  root.program("", note(priority("suggested")));
  Plan plan = followed(root, DlopenChoice::notes);
  CHECK_FALSE(wants(plan, "libfoo.so.1"));
  REQUIRE(plan.unloaded.size() == 1);
  CHECK(plan.unloaded[0].name == "libfoo.so.1");
  CHECK(plan.unloaded[0].suggested);
  plan = followed(root, DlopenChoice::automatic);
  CHECK(wants(plan, "libfoo.so.1"));
  CHECK(plan.unloaded.empty());
}

TEST_CASE("a library named as a string is told where something calls dlopen") {
  TinyRoot root;
  root.library("libfoo.so.1", "");
  root.program("", kNamesFoo);
  Plan plan = followed(root, DlopenChoice::notes);
  CHECK_FALSE(wants(plan, "libfoo.so.1"));
  REQUIRE(plan.unloaded.size() == 1);
  CHECK(plan.unloaded[0].named_by == "/app");
  root.program("", "const char* name = \"libfoo.so.1\";");
  CHECK(followed(root, DlopenChoice::notes).unloaded.empty());
}

TEST_CASE("--dlopen auto brings a library named as a string with all that it needs") {
  TinyRoot root;
  root.library("libdeep.so.2", "");
  root.write("source.c", kNamesFoo);
  root.run(
      "cc -shared -fPIC -Wl,-soname,libfoo.so.1 -o lib/x86_64-linux-gnu/libfoo.so.1 -x c /dev/null "
      "-Llib/x86_64-linux-gnu -Wl,--no-as-needed -l:libdeep.so.2");
  root.program("", kNamesFoo);
  Plan plan = followed(root, DlopenChoice::automatic);
  CHECK(the_want(plan, "libfoo.so.1").reason == "named as a string in /app, which calls dlopen");
  CHECK(wants(plan, "libdeep.so.2"));
  CHECK(plan.unloaded.empty());
}
