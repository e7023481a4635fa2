// What `build` leaves on disk: whole or not at all, the same bytes again, and what lies beside it.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mount.h>

#include "tests/cases/greeting_program.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/skip.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

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

TEST_CASE("an output without a folder is refused before anything runs") {
  ScratchFolder folder;
  compile_program(folder);
  const std::string before = state_of(folder);
  for (const char* output : {"-o none/out", "--format dir -o none/out", "-o out --sbom none/out",
                             "-o out --depfile none/out"}) {
    CAPTURE(output);
    const Ran ran = run(folder, std::string("build app -q --trace-run '' ") + output);
    CHECK(ran.status == 1);
    CHECK(ran.errors == "scratchpack: write none/out: there is no folder " + folder.path("none") +
                            " (make it, or name a file elsewhere)\n");
    CHECK(state_of(folder) == before);
  }
}

TEST_CASE("a full disk is an error, and leaves the old output and nothing else") {
  ScratchFolder folder;
  compile_program(folder);
  folder.run("mkdir small");
  if (::mount("small", folder.path("small").c_str(), "tmpfs", 0, "size=512k") != 0) {
    return skip("mounting is not permitted here");
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
