// The tool as a user runs it: what becomes of a program, statuses, messages.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "bundler/report.h"
#include "tests/cases/greeting_program.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

TEST_CASE("a program becomes one file that runs by itself") {
  ScratchFolder folder;
  compile_program(folder);
  Ran ran = run(folder, "build ./app");
  CHECK(ran.status == 0);
  CHECK(ran.errors == "");
  CHECK(ran.out.starts_with("app.bundle: " + folder.path("app") + " as one executable\n"));
  CHECK(says(ran.out, "Run it:\n  ./app.bundle\n"));
  folder.run("mkdir elsewhere && mv app.bundle elsewhere && mv libword.so gone");
  CHECK(output_of("elsewhere/app.bundle 0 a b", folder.path()) == "hello 0 a b -\n");
}

TEST_CASE("arguments, environment and exit status pass through") {
  ScratchFolder folder;
  compile_program(folder);
  REQUIRE(run(folder, "build app -q --env SET=baked -- 7 first").status == 0);
  int status = 0;
  CHECK(output_of("./app.bundle then", folder.path(), &status) == "hello 7 first then baked\n");
  CHECK(status == 7);
  CHECK(output_of("SET=mine ./app.bundle", folder.path()) == "hello 7 first mine\n");
}

TEST_CASE("the plain root file system runs the program, too, as folder and as tar") {
  ScratchFolder folder;
  compile_program(folder);
  Ran ran = run(folder, "build app --format dir");
  CHECK(ran.status == 0);
  CHECK(says(ran.out, "chroot app.dir " + folder.path("app")));
  CHECK(run(folder, "build app --format tar").status == 0);
  folder.run(
      "mkdir unpacked && tar -xf app.tar -C unpacked && diff -r --no-dereference app.dir "
      "unpacked && test $(stat -c %a unpacked/tmp) = 1777");
  if (::geteuid() == 0) {
    CHECK(output_of("chroot app.dir " + folder.path("app") + " 0 x", folder.path()) ==
          "hello 0 x -\n");
  }
  REQUIRE(run(folder, "build app -q").status == 0);
  CHECK(run(folder, "extract app.bundle extracted").status == 0);
  // A root file system has more of the C library, which then is in the linker's index, too; and
  // what tells where the files come from is beside the manifest in a bundle.
  CHECK(output_of("diff -rq --no-dereference -x tmp -x os-release -x var -x share -x ld.so.cache"
                  " app.dir extracted | grep -v '^Only in app.dir/usr/lib/.*: lib'",
                  folder.path()) == "");
}

TEST_CASE("the JSON summary goes to standard output, all other words to standard error") {
  ScratchFolder folder;
  compile_program(folder);
  Ran ran = run(folder, "build app --json --exclude '/no/such/thing'");
  CHECK(ran.status == 0);
  CHECK(says(ran.errors, "warning"));
  Report report = from_json(ran.out);
  CHECK(report.application == folder.path("app"));
  CHECK(report.output == "app.bundle");
  CHECK(report.bytes == std::filesystem::file_size(folder.path("app.bundle")));
  CHECK(report.start.mode == "in-place");
  CHECK(report.root.size() == 64);
  CHECK(report.warnings.size() == 1);
  CHECK(report.gzipped.value_or(0) > 100000);
  // What inspect reads back is the same, but for what stays on the build machine.
  Report inspected = from_json(run(folder, "inspect app.bundle --json").out);
  CHECK(inspected.root == report.root);
  CHECK(inspected.bytes == report.bytes);
  REQUIRE(inspected.files.size() == report.files.size());
  for (std::size_t i = 0; i < report.files.size(); ++i) {
    CHECK(inspected.files[i].path == report.files[i].path);
    CHECK(inspected.files[i].stored == report.files[i].stored);
    CHECK(inspected.files[i].reason == report.files[i].reason);
  }
}

TEST_CASE("a dry run explains and writes nothing") {
  ScratchFolder folder;
  compile_program(folder);
  std::string before = state_of(folder);
  for (const char* format : {"onefile", "tar", "dir"}) {
    Ran ran =
        run(folder,
            std::string("build app --dry-run --emit-dockerfile --depfile d --format ") + format);
    CHECK(ran.status == 0);
    CHECK(says(ran.out, "would be"));
    CHECK(says(ran.out, "libraries"));
  }
  CHECK(state_of(folder) == before);
}

TEST_CASE("a missing library is an error that lists the search, and nothing is written") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mkdir hidden && mv libword.so hidden");
  std::string before = state_of(folder);
  Ran ran = run(folder, "build app --emit-dockerfile");
  CHECK(ran.status == 1);
  CHECK(ran.out == "");
  CHECK(ran.errors.starts_with("scratchpack: build " + folder.path("app") +
                               ": libword.so is missing ("));
  CHECK(says(ran.errors, "libword.so, needed by " + folder.path("app") + ", was looked for in\n"));
  CHECK(says(ran.errors, "  " + folder.path("libword.so") + ": "));
  CHECK(state_of(folder) == before);
  ran = run(folder, "build app --json");
  CHECK(ran.status == 1);
  CHECK(from_json(ran.out).missing.at(0).name == "libword.so");
  CHECK(run(folder, "build app -q --library-path hidden").status == 0);
  CHECK(output_of("./app.bundle", folder.path()) == "hello -\n");
}

TEST_CASE("what cannot be bundled is refused in one line that names it") {
  ScratchFolder folder;
  compile_program(folder);
  folder.write("text", "no program");
  folder.write("run.sh", "#!/no/such/interpreter\n");
  folder.run("chmod +x text run.sh");
  for (const char* application : {"./text", "./run.sh", "./libword.so", "./none", "."}) {
    Ran ran = run(folder, std::string("build ") + application + " -o out");
    CAPTURE(ran.errors);
    CHECK(ran.status == 1);
    CHECK(lines_in(ran.errors) == 1);
    CHECK(ran.errors.starts_with("scratchpack: "));
    CHECK_FALSE(std::filesystem::exists(folder.path("out")));
  }
}

TEST_CASE("wrong usage is status 2, with a line that helps") {
  ScratchFolder folder;
  for (const char* arguments : {"", "biuld x", "build", "build x --no-such", "build x --format rpm",
                                "trace -- x", "extract a"}) {
    Ran ran = run(folder, arguments);
    CAPTURE(ran.errors);
    CHECK(ran.status == 2);
    CHECK(lines_in(ran.errors) == 1);
  }
  for (const std::string command : {"build", "trace", "inspect", "extract", "verify", "doctor",
                                    "diff", "diff a", "sbom", "completion"}) {
    CAPTURE(command);
    Ran ran = run(folder, command);
    CHECK(ran.status == 2);
    CHECK(
        ran.errors.starts_with("scratchpack: " + command.substr(0, command.find(' ')) + ": name"));
  }
  CHECK(run(folder, "--help").status == 0);
  CHECK(run(folder, "--version").out.starts_with("scratchpack "));
}

TEST_CASE("a static program passes through as it is") {
  ScratchFolder folder;
  folder.write("s.c", "#include <stdio.h>\nint main(void) { puts(\"static\"); }\n");
  folder.run("cc -static -o s s.c");
  Ran ran = run(folder, "build s --json");
  CHECK(ran.status == 0);
  CHECK(from_json(ran.out).start.mode == "static");
  folder.run("cmp s s.bundle");
  CHECK(output_of("./s.bundle", folder.path()) == "static\n");
  CHECK(says(run(folder, "build s").out, "copied as it is"));
  CHECK(run(folder, "build s --format dir -q").status == 0);
  folder.run("cmp s s.dir$PWD/s");
}

TEST_CASE("a program is found in PATH when no file beside us has its name") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mkdir bin && mv app libword.so bin");
  CHECK(run(folder, "build app -q", "PATH=" + folder.path("bin") + ":$PATH").status == 0);
  CHECK(output_of("./app.bundle", folder.path()) == "hello -\n");
  CHECK(run(folder, "build no-such-program").status == 1);
}

TEST_CASE("recipes are listed and explained") {
  ScratchFolder folder;
  std::string list = run(folder, "recipes").out;
  CHECK(says(list, "tls: Certificate authorities for TLS\n  when  library libssl.so.*, "));
  CHECK(says(list, "\n  adds  /etc/ssl/certs/ca-certificates.crt"));
  CHECK(says(list, "\n  why   the authorities that servers' certificates are checked against\n"));
  CHECK(says(run(folder, "recipes tls").out, "Adds:\n"));
  Ran ran = run(folder, "recipes no-such");
  CHECK(ran.status == 1);
  CHECK(lines_in(ran.errors) == 1);
}

TEST_CASE("progress and bold words are for terminals only") {
  ScratchFolder folder;
  compile_program(folder);
  Ran ran = run(folder, "build app", "TERM=xterm");
  CHECK_FALSE(says(ran.out + ran.errors, "\x1b"));
  // script(1) gives the command a terminal.
  std::string line = "script -qec \"'" + kTool + "' build app -o out\" /dev/null";
  CHECK(says(output_of("TERM=xterm " + line, folder.path()), "\x1b[1mout"));
  CHECK_FALSE(says(output_of("TERM=xterm NO_COLOR=1 " + line, folder.path()), "\x1b[1m"));
  CHECK_FALSE(says(output_of("TERM=dumb " + line, folder.path()), "\x1b"));
}
