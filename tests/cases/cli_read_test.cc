// The commands that read a bundle, as a user runs them: inspect and verify.
#include <doctest/doctest.h>

#include "bundler/report.h"
#include "tests/cases/greeting_program.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

TEST_CASE("verify runs a bundle in an empty root and hands its status on") {
  ScratchFolder folder;
  compile_program(folder);
  REQUIRE(run(folder, "build app -q").status == 0);
  Ran ran = run(folder, "verify app.bundle");
  CHECK(ran.status == 0);
  CHECK(says(ran.out, "all checksums of"));
  ran = run(folder, "verify app.bundle -- 9 x");
  CHECK(ran.status == 9);
  CHECK(ran.out == "hello 9 x -\n");
  REQUIRE(run(folder, "build app -q --mode extract -o extracted").status == 0);
  ran = run(folder, "verify extracted -- 8");
  CHECK(ran.status == 8);
  CHECK(says(ran.errors, "executable /tmp"));
}

TEST_CASE("verify notices a damaged file, and does not run it") {
  ScratchFolder folder;
  compile_program(folder);
  REQUIRE(run(folder, "build app -q").status == 0);
  folder.run(
      "printf X | dd of=app.bundle bs=1 seek=$(($(stat -c %s app.bundle) / 2)) conv=notrunc");
  Ran ran = run(folder, "verify app.bundle -- 0");
  CHECK(ran.status == 1);
  CHECK(ran.out == "");
  CHECK(says(ran.errors, "damaged"));
}

TEST_CASE("inspect says what is inside and why") {
  ScratchFolder folder;
  compile_program(folder);
  REQUIRE(run(folder, "build app -q").status == 0);
  CHECK(says(run(folder, "inspect app.bundle").out, "Start: in place"));
  CHECK(says(run(folder, "inspect app.bundle --tree").out, "libword.so\n"));
  CHECK(says(run(folder, "inspect app.bundle --why libword.so").out,
             "needed by " + folder.path("app") + "\n  the application\n"));
  const std::string rewrites = run(folder, "inspect app.bundle --rewrites").out;
  CHECK(says(rewrites, "libc.so.6: "));
  CHECK(says(rewrites, "  openat in open\n"));
  CHECK(says(rewrites, "any call (the number is known only at run time) in syscall"));
  Ran ran = run(folder, "inspect app.bundle --why nothing.so");
  CHECK(ran.status == 1);
  CHECK(lines_in(ran.errors) == 1);
  ran = run(folder, "inspect app");
  CHECK(ran.status == 1);
  CHECK(lines_in(ran.errors) == 1);
}

TEST_CASE("inspect looks into the files: --waste, --json, and --html as one page") {
  ScratchFolder folder;
  compile_program(folder);
  folder.write("data/one", "the same in both");
  folder.write("data/two", "the same in both");
  for (const char* compress : {"none", "good"}) {
    REQUIRE(run(folder, std::string("build app -q --add-data data:/srv --compress ") + compress)
                .status == 0);
    CHECK(says(run(folder, "inspect app.bundle --waste").out, "      16 B  /srv/two\n"));
    // The program itself is of no package, nor are both files.
    const std::string packages = run(folder, "inspect app.bundle --packages").out;
    CHECK(says(packages, "of no package"));
    CHECK(says(packages, "libc6 "));
    CHECK(run(folder, "inspect app.bundle -q --fail-if 'duplicates>15'").status == 2);
    CHECK(run(folder, "inspect app.bundle --fail-if 'duplicates>15'").status == 3);
    CHECK(run(folder, "inspect app.bundle --fail-if 'duplicates>16'").status == 0);
    const std::string json = run(folder, "inspect app.bundle --json").out;
    CHECK(says(json, "\"symbols\": "));
    CHECK(says(json, "\"identical\": ["));
    Ran ran = run(folder, "inspect app.bundle --html page.html");
    CHECK(ran.status == 0);
    CHECK(says(ran.out, "page.html: "));
    const std::string first = output_of("sha256sum <page.html", folder.path());
    REQUIRE(run(folder, "inspect app.bundle --html page.html").status == 0);
    CHECK(output_of("sha256sum <page.html", folder.path()) == first);
  }
  CHECK(run(folder, "inspect app.bundle --html no/such/page.html").status == 1);
  CHECK(run(folder, "inspect app.bundle --html page.html --waste").status == 2);
}

TEST_CASE("inspect --rewrites --json has every rewritten call, its name and its function") {
  ScratchFolder folder;
  compile_program(folder);
  for (const char* compress : {"none", "fast"}) {
    REQUIRE(run(folder, std::string("build app -q --compress ") + compress).status == 0);
    const std::string text = run(folder, "inspect app.bundle --rewrites --json").out;
    CHECK(says(text, "\"call\": \"openat\""));
    const Report report = from_json(text);
    REQUIRE(report.rewrites.size() == 2);  // the linker and the C library
    std::size_t named = 0;
    std::size_t of_open = 0;
    for (const ReportRewrite& rewrite : report.rewrites) {
      CHECK(rewrite.sites.size() > 10);
      for (const ReportRewrite::Site& site : rewrite.sites) {
        CHECK((site.kind == "kept" || site.kind == "moved"));
        named += site.symbol.empty() ? 0 : 1;
        of_open += site.number == 257 && site.symbol.find("open") != std::string::npos ? 1 : 0;
      }
    }
    CHECK(named > 30);
    CHECK(of_open > 0);
  }
  REQUIRE(run(folder, "build app -q --mode extract -o out").status == 0);
  CHECK(says(run(folder, "inspect out --rewrites").out, "Nothing was rewritten"));
  CHECK(run(folder, "inspect out --rewrites --tree").status == 2);
}

TEST_CASE("verify lists what the program looked for and did not find") {
  ScratchFolder folder;
  folder.write("looks.c", R"(
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
int main(int count, char** words) {
  struct stat status;
  stat("/nowhere/at/all", &status);
  for (char name[] = "/other/a"; name[7] <= 'i'; ++name[7]) stat(name, &status);
  access("/etc/passwd-", F_OK);
  chdir("/inside");
  open("here.txt", O_RDONLY);
  open("gone.txt", O_RDONLY);
  stat("/proc/none", &status);
  open("/etc/resolv.conf", O_RDONLY);
  open(words[1], O_RDONLY);
  char* none[] = {NULL};
  return execve("/bin/no-shell", none, none) == -1 && count == 2 ? 7 : 0;
})");
  folder.write("own.txt", "of the machine");
  folder.write("here.txt", "bundled");
  folder.run("cc -o looks looks.c");
  REQUIRE(
      run(folder, "build ./looks -q -o out --no-recipe '*' --add-data here.txt:/inside").status ==
      0);
  const std::string own = folder.path("own.txt");
  Ran ran = run(folder, "verify out -- " + own);
  CHECK(ran.status == 7);
  CHECK(ran.out.empty());
  CHECK(says(ran.errors, "though this machine has it:\n"));
  CHECK(says(ran.errors, "  " + own + "  (docker run --tmpfs /tmp)\n"));
  CHECK(says(ran.errors, "Looked for and not found:\n  /bin/no-shell\n"));
  CHECK(says(ran.errors, "  /inside/gone.txt\n"));
  CHECK(says(ran.errors, "  /nowhere/at/all\n"));
  CHECK(says(ran.errors, " more, which this machine has not either (--verbose lists them)\n"));
  CHECK_FALSE(says(ran.errors, "/other/i\n"));
  CHECK(says(run(folder, "verify out -v -- " + own).errors, "/other/i\n"));
  for (const char* other : {"here.txt", "/proc/none", "resolv.conf"}) {
    CHECK_FALSE(says(ran.errors, other));
  }
  CHECK_FALSE(says(run(folder, "verify -q out -- x").errors, "Looked for"));
}
