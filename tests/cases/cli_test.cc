// The tool as a user runs it: statuses, messages, and what is on disk afterwards.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "bundler/report.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// A program with a library of its own, which is found by a run path.
void compile_program(const ScratchFolder& folder) {
  folder.write("word.c", "const char* word(void) { return \"hello\"; }\n");
  folder.write("app.c",
               "#include <stdio.h>\n#include <stdlib.h>\nconst char* word(void);\n"
               "int main(int count, char** words) {\n"
               "  printf(\"%s\", word());\n"
               "  for (int i = 1; i < count; ++i) printf(\" %s\", words[i]);\n"
               "  const char* set = getenv(\"SET\");\n"
               "  printf(\" %s\\n\", set ? set : \"-\");\n"
               "  return count > 1 ? atoi(words[1]) : 0;\n}\n");
  folder.run(
      "cc -shared -fPIC -o libword.so word.c && "
      "cc -o app app.c -L. -lword -Wl,-rpath,'$ORIGIN' && rm *.c");
}

/// Everything in the folder with its content, so that two states can be compared.
std::string state_of(const ScratchFolder& folder) {
  return output_of(
      "find . -mindepth 1 | sort | while read f; do echo \"$f\"; "
      "test -f \"$f\" && sha256sum \"$f\"; done",
      folder.path());
}

}  // namespace

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

TEST_CASE("the same inputs give the same bytes: other folder, umask, file times, threads") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mkdir a b && truncate -s 5M data && head -c 3M /dev/urandom >>data");
  for (const char* format : {"onefile", "tar"}) {
    for (const char* compress : {"none", "good"}) {
      bool packed = std::string(compress) != "none";
      if (packed && std::string(format) == "tar") continue;
      std::string options = std::string("build ../app -q --add-data ../data:/srv --format ") +
                            format + " --compress " + compress;
      Ran first = run(folder, options + " -o out --threads 1", "cd a && umask 022 &&");
      folder.run("touch -d '2001-01-01' app libword.so data");
      Ran second = run(folder, options + " -o out --threads 2", "cd b && umask 077 &&");
      CHECK(first.status == 0);
      CHECK(second.status == 0);
      folder.run("cmp a/out b/out && rm a/out b/out");
    }
  }
}

TEST_CASE("SOURCE_DATE_EPOCH is the time of everything written") {
  ScratchFolder folder;
  compile_program(folder);
  REQUIRE(run(folder, "build app -q --format tar", "SOURCE_DATE_EPOCH=1000000000").status == 0);
  CHECK(output_of("TZ=UTC tar -tvf app.tar | awk '{print $4}' | sort -u", folder.path()) ==
        "2001-09-09\n");
  CHECK(run(folder, "build app -q --format tar", "SOURCE_DATE_EPOCH=soon").status == 2);
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
  CHECK(run(folder, "--help").status == 0);
  CHECK(run(folder, "--version").out.starts_with("scratchpack "));
}

TEST_CASE("an output is replaced as a compiler does, and the application never is") {
  ScratchFolder folder;
  compile_program(folder);
  folder.write("out", "old");
  CHECK(run(folder, "build app -q -o out").status == 0);
  CHECK(output_of("./out", folder.path()) == "hello -\n");
  std::string before = state_of(folder);
  CHECK(run(folder, "build app -q -o app").status == 1);
  CHECK(run(folder, "build app -q -o /dev/null").status == 1);
  CHECK(run(folder, "build app -q -o no/such/folder/out").status == 1);
  CHECK(state_of(folder) == before);
  CHECK(output_of("test -c /dev/null && echo device", "/") == "device\n");
}

TEST_CASE("a full disk is an error, and leaves the old output and nothing else") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mkdir small");
  if (::mount("small", folder.path("small").c_str(), "tmpfs", 0, "size=512k") != 0) {
    MESSAGE("skipped: mounting is not permitted here");
    return;
  }
  folder.write("small/out", "old");
  for (const char* options : {"-o small/out", "-o small/out --format tar",
                              "-o small/tree --format dir", "-o small/out --compress fast"}) {
    Ran ran = run(folder, std::string("build app -q ") + options);
    CAPTURE(ran.errors);
    CHECK(ran.status == 1);
    CHECK(says(ran.errors, "No space left on device"));
    CHECK(output_of("ls -A small; cat small/out", folder.path()) == "out\nold");
  }
  ::umount2(folder.path("small").c_str(), MNT_DETACH);
}

TEST_CASE("a summary that cannot be written is a failure") {
  ScratchFolder folder;
  CHECK(run(folder, "--help >/dev/full").status == 1);
}

TEST_CASE("a build ended by a signal leaves nothing behind") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("head -c 40M /dev/urandom >data");
  std::string before = state_of(folder);
  for (const char* options :
       {"--compress best -o out", "--format dir -o tree", "--format tar -o t"}) {
    // Ended somewhere in the middle; a build that was quicker must have left a whole output.
    run(folder, std::string("build app -q --add-data data:/srv ") + options, "timeout -s INT 0.05");
    folder.run("rm -rf out tree t");
    CHECK(state_of(folder) == before);
  }
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

TEST_CASE("the depfile names what the output is made of, for make") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mv app 'an app' && echo x >'da ta' && mkdir tree && echo y >tree/leaf");
  folder.write("own.toml",
               "description = 'our own'\nreason = 'we read it'\n[when]\nsoname = ['libc.so.6']\n"
               "[[files]]\nglob = ['/etc/hosts.conf']\n");
  REQUIRE(
      run(folder,
          "build './an app' -q -o out --depfile out.d --add-data 'da ta:/srv' --add-data tree:/srv"
          " --recipe ./own.toml")
          .status == 0);
  folder.write("Makefile", "-include out.d\nout:\n\t@echo again\n");
  CHECK(output_of("make -s out 2>&1", folder.path()) == "");
  for (const char* changed : {"libword.so", "'an app'", "'da ta'", "tree", "own.toml"}) {
    folder.run(std::string("touch -d '1 hour ago' out && touch ") + changed);
    CHECK(output_of("make -s out 2>&1", folder.path()) == "again\n");
    folder.run(std::string("touch -d '2 hours ago' ") + changed);
  }
  std::string depfile = output_of("cat out.d", folder.path());
  for (const char* name : {"/libc.so.6", "/libword.so", "/an\\ app", "/da\\ ta"}) {
    CHECK(says(depfile, name));
  }
  CHECK_FALSE(says(depfile, "/var/lib/dpkg"));  // it changes with packages that have no part in it

  folder.run("rm tree/leaf");  // no input that nothing makes
  CHECK(output_of("make -s out 2>&1", folder.path()) == "again\n");
}

TEST_CASE("an emitted Dockerfile lies beside its output and is not written over a stranger's") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mkdir image");
  Ran ran = run(folder, "build app -o image/app.bundle --emit-dockerfile --user 1000:1001");
  CHECK(ran.status == 0);
  CHECK(says(ran.out, "docker build -t app image && docker run"));
  CHECK(says(output_of("cat image/Dockerfile", folder.path()),
             "\nCOPY app.bundle /app\nUSER 1000:1001\n"));
  folder.write("image/Dockerfile", "FROM debian\n");
  std::string before = state_of(folder);
  ran = run(folder, "build app -o image/app.bundle --emit-dockerfile");
  CHECK(ran.status == 1);
  CHECK(says(ran.errors, "--force"));
  CHECK(state_of(folder) == before);
  CHECK(run(folder, "build app -o image/app.bundle --emit-dockerfile --healthcheck x").status == 2);
  CHECK(run(folder,
            "build app -q -o image/app.bundle --emit-dockerfile --force "
            "--healthcheck 'app 0'")
            .status == 0);
  CHECK(says(output_of("cat image/Dockerfile", folder.path()),
             "\nHEALTHCHECK CMD [\"/app\", \"0\"]\n"));
}

TEST_CASE("a two-stage Dockerfile names Python applications as a user does") {
  struct Named {
    const char* application;
    const char* words;  // in the build stage
    const char* name;
  };
  ScratchFolder folder;
  folder.run("mkdir -p here/package");
  for (const Named& each :
       {Named{"./app.py", R"("./app.py")", "app.py"},
        Named{"-m package.tool", R"("--module", "package.tool")", "package.tool"},
        Named{"package/", R"("package/")", "package"}, Named{".", R"(".")", "here"}}) {
    CAPTURE(each.application);
    CHECK(output_of(fmt::format("cd here && {} build {} -q --emit-dockerfile --multi-stage "
                                "--build-image i && grep -e RUN -e /{} Dockerfile",
                                kTool, each.application, each.name),
                    folder.path()) ==
          fmt::format("RUN [\"/usr/local/bin/scratchpack\", \"build\", {0}, \"--output\", "
                      "\"/scratchpack-output/{1}.bundle\"]\n"
                      "COPY --from=build /scratchpack-output/{1}.bundle /{1}\n"
                      "ENTRYPOINT [\"/{1}\"]\n",
                      each.words, each.name));
  }
}

TEST_CASE("a two-stage Dockerfile comes with a bundler that brings its own libraries") {
  ScratchFolder folder;
  Ran ran = run(folder,
                "build ./app --emit-dockerfile --multi-stage --build-image debian:12 "
                "--build-command make --env A=1");
  CHECK(ran.status == 0);
  CHECK(says(output_of("cat Dockerfile", folder.path()),
             "\"build\", \"./app\", \"--env\", \"A=1\", \"--output\""));
  CHECK(output_of("env -i ./scratchpack --version", folder.path()).starts_with("scratchpack "));
  // Again over our own, but not over a stranger's.
  CHECK(run(folder, "build ./app --emit-dockerfile --multi-stage --build-image i -q").status == 0);
  folder.write("scratchpack", "precious");
  CHECK(run(folder, "build ./app --emit-dockerfile --multi-stage --build-image i").status == 1);
  CHECK(output_of("cat scratchpack", folder.path()) == "precious");
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

TEST_CASE("verify lists what the program looked for and did not find") {
  ScratchFolder folder;
  folder.write("looks.c", R"(
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int count, char** words) {
  struct stat status;
  stat("/nowhere/at/all", &status);
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
  for (const char* other : {"here.txt", "/proc/none", "resolv.conf"}) {
    CHECK_FALSE(says(ran.errors, other));
  }
  CHECK_FALSE(says(run(folder, "verify -q out -- x").errors, "Looked for"));
}
