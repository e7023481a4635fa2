// The trial of a finished bundle: the comparison with lists that are wrong in every way, and the
// tool with programs whose libraries do not fit.
#include "bundler/trial.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "bundler/isolate.h"
#include "bundler/report.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// /app needs libone.so, which needs libtwo.so and the C library; /lib is a link.
struct Closure {
  Plan plan;
  FileSet files;
};

Closure closure(const std::string& excluded = "") {
  Closure made;
  made.plan.application = made.plan.launch_path = "/app";
  made.plan.programs = {
      {"/app", "/lib64/ld.so", {"/lib/libone.so", "/lib/libtwo.so", "/lib/libc.so.6"}}};
  FileEntry link;
  link.kind = FileKind::symlink;
  link.target = "usr/lib";
  made.files["/lib"] = link;
  for (const char* path : {"/usr", "/usr/lib", "/lib64", "/opt"}) {
    made.files[path] = FileEntry{.kind = FileKind::directory};
  }
  for (const char* path : {"/app", "/lib64/ld.so", "/usr/lib/libone.so", "/usr/lib/libtwo.so",
                           "/usr/lib/libc.so.6", "/opt/libtwo.so"}) {
    if (excluded != path) made.files[path] = FileEntry{};
  }
  return made;
}

const std::string kRight =
    "\tlinux-vdso.so.1 (0x00007ffc3e9f2000)\n"
    "\tlibone.so => /lib/libone.so (0x00007f3a0c000000)\n"
    "\tlibtwo.so => /usr/lib/libtwo.so (0x00007f3a0c000000)\n"
    "\tlibc.so.6 => /lib/libc.so.6 (0x00007f3a0c000000)\n"
    "\t/lib64/ld.so (0x00007f3a0c2d8000)\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

using Faults = std::vector<std::string>;

Faults faults_of(const std::string& output, int status = 0, const std::string& excluded = "") {
  const Closure made = closure(excluded);
  return trial_faults({output, status}, made.plan, made.files);
}

/// app needs libword.so, which needs libletter.so. What runs before main would spoil the list.
void compile_program(const ScratchFolder& folder, const std::string& compiler) {
  const std::string early =
      "#include <stdio.h>\n__attribute__((constructor)) static void early(void) {"
      " puts(\"\\tlibran.so => not found\"); fflush(stdout); }\n";
  folder.write("letter.c", "int letter(void) { return 0; }\n");
  folder.write("word.c", early + "int letter(void);\nint word(void) { return letter(); }\n");
  folder.write("app.c", early + "int word(void);\nint main(void) { return word(); }\n");
  folder.write("version", "ONE { global: word; };\n");
  folder.run(compiler + " -shared -fPIC -o libletter.so letter.c && " + compiler +
             " -shared -fPIC -o libword.so word.c -L. -lletter -Wl,-rpath,'$ORIGIN'"
             " -Wl,--version-script=version && " +
             compiler + " -o app app.c -L. -lword -lletter -Wl,-rpath,'$ORIGIN'");
}

std::string trial_said(const Ran& ran) { return from_json(ran.out).start.trial; }

}  // namespace

TEST_CASE("a list of exactly the closure, found in the bundle, passes") {
  CHECK(faults_of(kRight) == Faults{});
  // musl's linker names itself, and itself again as the C library.
  CHECK(faults_of("\t/lib64/ld.so (0x7f0000000000)\n"
                  "\tlibone.so => /lib/libone.so (0x7f0000000000)\n"
                  "\tlibtwo.so => /lib/../lib/libtwo.so (0x7f0000000000)\n"
                  "\tlibc.so.6 => /lib/libc.so.6 (0x7f0000000000)\n"
                  "\tlibc.musl-x86_64.so.1 => /lib64/ld.so (0x7f0000000000)\n") == Faults{});
}

TEST_CASE("every difference between the list and the closure is said") {
  CHECK(faults_of(replaced(kRight, "/lib/libone.so (0x00007f3a0c000000)", "not found")) ==
        Faults{"libone.so is not found", "/usr/lib/libone.so is not loaded"});
  CHECK(faults_of(replaced(kRight, "/usr/lib/libtwo.so", "/opt/libtwo.so")) ==
        Faults{"libtwo.so is found at /opt/libtwo.so, which /app was not seen to need",
               "/usr/lib/libtwo.so is not loaded"});
  CHECK(faults_of(replaced(kRight, "/usr/lib/libtwo.so", "/usr/local/lib/libtwo.so")) ==
        Faults{"libtwo.so is found at /usr/local/lib/libtwo.so, which is not in the bundle",
               "/usr/lib/libtwo.so is not loaded"});
  CHECK(faults_of(replaced(kRight, "\tlibtwo.so => /usr/lib/libtwo.so (0x00007f3a0c000000)\n",
                           "")) == Faults{"/usr/lib/libtwo.so is not loaded"});
  CHECK(faults_of("\tstatically linked\n").size() == 3);
  CHECK(faults_of("", 139).size() == 3);
  const std::string version = "/app: /lib/libone.so: version `ONE' not found (required by /app)";
  CHECK(faults_of(version + "\n" + kRight) == Faults{version});
  // A remark that the linker makes on any machine is none.
  CHECK(faults_of("/app: /lib/libone.so: no version information available (required by /app)\n" +
                  kRight) == Faults{});
}

TEST_CASE("an end in error or none at all is a fault, whatever was listed") {
  CHECK(faults_of(kRight + "Error relocating /app: word: symbol not found\n", 127) ==
        Faults{"Error relocating /app: word: symbol not found"});
  CHECK(faults_of(kRight, 139) == Faults{"it ended with status 139"});
  CHECK(faults_of(kRight, kTimedOut) == Faults{"it did not end within 10 s"});
}

TEST_CASE("what was excluded is expected from outside, with all that it needs") {
  const std::string outside = "\tlibone.so => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n";
  CHECK(faults_of(outside, 0, "/usr/lib/libone.so") == Faults{});
  CHECK(faults_of("Error loading shared library libone.so: No such file or directory (needed by "
                  "/app)\nError relocating /app: one: symbol not found\n",
                  127, "/usr/lib/libone.so") == Faults{});
  // Another one is missed all the same.
  CHECK(faults_of(outside + "\tlibtwo.so => not found\n", 0, "/usr/lib/libone.so") ==
        Faults{"libtwo.so is not found"});
}

TEST_CASE("a linker that refuses this machine says nothing of the bundle") {
  Closure made = closure();
  CHECK(refused_machine({kRight, 0}, made.plan) == "");
  const std::string refused = "Fatal glibc error: CPU does not support x86-64-v3";
  CHECK(refused_machine({refused + "\n", 127}, made.plan) == refused);
  CHECK(refused_machine({"FATAL: kernel too old\n", 1}, made.plan) == "FATAL: kernel too old");
  made.plan.programs[0].libraries[0] = "/lib/glibc-hwcaps/x86-64-v4/libone.so";
  CHECK(says(refused_machine({"\tlibone.so => not found\n", 0}, made.plan), "newer processors"));
  CHECK(refused_machine({"\tlibtwo.so => not found\n", 0}, made.plan) == "");
}

TEST_CASE("build tries what it wrote, runs nothing of the program, and says so") {
  REQUIRE(::geteuid() == 0);  // namespaces
  for (const char* compiler : {"cc", "musl-gcc"}) {
    for (const char* compression : {"none", "good"}) {
      CAPTURE(compiler);
      CAPTURE(compression);
      ScratchFolder folder;
      compile_program(folder, compiler);
      const std::string build = std::string("build app -o out --compress ") + compression;
      Ran ran = run(folder, build + " --json");
      CHECK(ran.status == 0);
      CHECK(trial_said(ran) == "passed");
      CHECK(says(output_of("SCRATCHPACK_RUN=libraries ./out", folder.path()),
                 "\tlibletter.so => " + folder.path() + "/libletter.so (0x"));
      folder.run("mv out tried");
      ran = run(folder, build + " --json --no-trial");
      CHECK(trial_said(ran) == "not run: --no-trial");
      folder.run("cmp out tried");
      CHECK(says(run(folder, build).out,
                 "Tried here: its dynamic linker finds all libraries inside it."));
      CHECK(says(run(folder, build + " --no-trial").out, "Not tried here: --no-trial."));
    }
  }
}

TEST_CASE("what is no start in place is not tried") {
  ScratchFolder folder;
  compile_program(folder, "cc");
  for (const char* options : {"--format dir", "--format tar", "--mode extract", "--dry-run"}) {
    CAPTURE(options);
    CHECK(trial_said(run(folder, std::string("build app --json ") + options)) == "");
  }
  folder.run("echo 'int main(void) { return 0; }' >s.c && cc -static -o s s.c");
  CHECK(trial_said(run(folder, "build s --json")) == "");
}

TEST_CASE("the caller's environment stays out of the trial") {
  REQUIRE(::geteuid() == 0);
  ScratchFolder folder;
  compile_program(folder, "cc");
  folder.run("mkdir other && cp libletter.so other");
  const std::string environment =
      "ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 LD_PRELOAD=" +
      folder.path("other/libletter.so") + " LD_LIBRARY_PATH=" + folder.path("other") +
      " SCRATCHPACK_MODE=extract SCRATCHPACK_RUN=list SCRATCHPACK_DEBUG=1 SCRATCHPACK_DIR=/none";
  Ran ran = run(folder, "build app --json", environment);
  CHECK(ran.status == 0);
  CHECK(trial_said(ran) == "passed");
  // And what the bundle itself is to set does not lead the trial astray.
  ran = run(folder, "build app --json --user 1000 --workdir /none --env LD_LIBRARY_PATH=" +
                        folder.path("other") +
                        " --add-binary other/libletter.so:" + folder.path("other"));
  CHECK(ran.status == 0);
  CHECK(trial_said(ran) == "passed");
}

TEST_CASE("a trial that fails leaves the old output alone, and says what differs and what to do") {
  REQUIRE(::geteuid() == 0);
  struct Broken {
    const char* compiler;
    const char* word;
    const char* said;
  };
  const Broken all[] = {
      {"cc", "int word(void) { return 0; }", "version `ONE' not found (required by "},
      {"musl-gcc", "int sentence(void) { return 0; }", "word: symbol not found"}};
  for (const Broken& broken : all) {
    ScratchFolder folder;
    compile_program(folder, broken.compiler);
    // Found by its name, but not what the program was linked with.
    folder.write("word.c", broken.word);
    folder.write("version", "TWO { global: *; };\n");
    folder.run(std::string(broken.compiler) +
               " -shared -fPIC -o libword.so word.c -L. -lletter -Wl,-rpath,'$ORIGIN'"
               " -Wl,--no-as-needed -Wl,--version-script=version");
    folder.write("out", "old");
    const std::string before = output_of("ls -A; cat out", folder.path());
    Ran ran = run(folder, "build app -o out");
    CHECK(ran.status == 1);
    CHECK(ran.out == "");
    CHECK(says(ran.errors, "scratchpack: try out: "));
    CHECK(says(ran.errors, broken.said));
    CHECK(says(ran.errors, "--mode extract"));
    CHECK(output_of("ls -A; cat out", folder.path()) == before);
    CHECK(run(folder, "build app -o out -q --no-trial").status == 0);
    CHECK(run(folder, "build app -o out -q --mode extract").status == 0);
  }
}

TEST_CASE("a library that was excluded is left to a mount") {
  REQUIRE(::geteuid() == 0);
  for (const char* compiler : {"cc", "musl-gcc"}) {
    ScratchFolder folder;
    compile_program(folder, compiler);
    Ran ran = run(folder, "build app -o out --json --exclude libword.so");
    CHECK(ran.status == 0);
    CHECK(trial_said(ran) == "passed, but for libword.so, which was excluded");
  }
}

TEST_CASE("where no empty root can be made the trial is a note, and the output is written") {
  REQUIRE(::geteuid() == 0);
  ScratchFolder folder;
  compile_program(folder, "cc");
  // In a changed root no user namespace can be made, and without the capability no other one.
  folder.run("mkdir root");
  Ran ran = run(folder, "build " + folder.path("app") + " -o " + folder.path("out") + " --json",
                "unshare --mount sh -c 'mount --rbind / root && exec chroot root setpriv "
                "--bounding-set=-sys_admin --inh-caps=-sys_admin \"$@\"' sh");
  CHECK(ran.status == 0);
  CHECK(trial_said(ran) == "not run: unshare: Operation not permitted");
  CHECK(std::filesystem::exists(folder.path("out")));
}
