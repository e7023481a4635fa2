// Doubts: each kind on a program made for it, and that it is gone when its option was given.
#include <doctest/doctest.h>

#include <algorithm>

#include "bundler/doubts.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// What doctor says of a program of this source, built with these options.
std::string doubts(const ScratchFolder& folder, const std::string& source,
                   const std::string& options = "") {
  folder.write("app.c", source);
  folder.run("cc -o app app.c");
  REQUIRE(run(folder, "build ./app -q -o app.bundle " + options).status == 0);
  Ran ran = run(folder, "doctor app.bundle");
  CHECK(ran.status == 0);
  return ran.out;
}

const char* kDlopen = "#include <dlfcn.h>\nint main(int n, char** v) { return !dlopen(";

}  // namespace

TEST_CASE("doctor: nothing is doubted of a program that opens nothing") {
  ScratchFolder folder;
  CHECK(doubts(folder, "int main(void) { return 0; }") == "app.bundle: no doubts.\n");
}

TEST_CASE("doctor: dlopen of a name that no string tells, and of one that a string tells") {
  ScratchFolder folder;
  std::string text = doubts(folder, std::string(kDlopen) + "v[1], 2); }");
  CHECK(says(text, "dlopen of a name built at run time in " + folder.path("app")));
  CHECK(says(text, "--profile PROFILE"));
  std::string named = std::string(kDlopen) + "\"libz.so.1\", 2); }";
  text = doubts(folder, named);
  CHECK(says(text, "libz.so.1 is named in " + folder.path("app") + ", which calls dlopen"));
  CHECK(says(text, "--dlopen auto"));
  CHECK_FALSE(says(text, "built at run time"));
  CHECK_FALSE(says(doubts(folder, named, "--dlopen auto"), "libz.so.1"));
}

TEST_CASE("doctor: programs that are executed and files that are named, until they are added") {
  ScratchFolder folder;
  const std::string source =
      "#include <unistd.h>\nconst char* data = \"/etc/debian_version\";\n"
      "int main(void) { return execl(\"/usr/bin/env\", data, (char*)0); }";
  std::string text = doubts(folder, source);
  CHECK(says(text, "/usr/bin/env is named in"));
  CHECK(says(text, "--add-binary /usr/bin/env"));
  CHECK(says(text, "--add-data /etc/debian_version:/etc"));
  CHECK_FALSE(says(text, "/bin/sh"));
  text = doubts(folder, source, "--add-binary /usr/bin/env --add-data /etc/debian_version:/etc");
  CHECK(text == "app.bundle: no doubts.\n");
  text = doubts(folder, "#include <stdlib.h>\nint main(void) { return system(\"true\"); }");
  CHECK(says(text, "--add-binary /bin/sh"));
}

TEST_CASE("doctor: system calls that no bundle answers") {
  ScratchFolder folder;
  std::string text =
      doubts(folder,
             "int main(void) { long r; __asm__ volatile(\"mov $2,%%eax\\nsyscall\" : \"=a\"(r) : "
             "\"D\"(\"/x\"), \"S\"(0) : \"rcx\", \"r11\", \"memory\"); return r < 0; }");
  CHECK(says(text, "system calls past the C library in " + folder.path("app")));
  CHECK(says(text, "--format tar or dir"));
}

TEST_CASE("doctor: of a profile, what was nowhere found and what was left out") {
  ScratchFolder folder;
  folder.write("p.json",
               R"({"scratchpack_profile": 1, "opened": ["/opt/b/libfound.so"],
                   "missing": ["/opt/a/libfound.so", "/opt/plugins/lost.so"],
                   "private": ["/root/.ssh/id_rsa"]})");
  std::string text = run(folder, "doctor p.json").out;
  CHECK(says(text, "looked for and not found: /opt/plugins/lost.so"));
  CHECK_FALSE(says(text, "/opt/a/libfound.so"));
  CHECK(says(text, "left out, as it looks private: /root/.ssh/id_rsa"));
  CHECK(says(text, "--allow-private"));
  text = run(folder, "doctor p.json --json").out;
  CHECK(says(text, "\"kind\": \"missing\""));
  CHECK(says(text, "\"settle\": "));
}

TEST_CASE("doctor: what is neither a bundle nor a profile is an error") {
  ScratchFolder folder;
  folder.write("text", "hello");
  Ran ran = run(folder, "doctor text");
  CHECK(ran.status == 1);
  CHECK(says(ran.errors, "text"));
  CHECK(run(folder, "doctor nothing").status == 1);
  CHECK(run(folder, "doctor").status == 2);
}
