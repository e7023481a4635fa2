// Real programs under `scratchpack trace`, and bundles built from what it wrote.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bundler/find/left_out.h"
#include "bundler/find/profile.h"
#include "tests/cases/traced.h"

using namespace scratchpack;

TEST_CASE("a traced command keeps its words, its output and its status") {
  ScratchFolder folder;
  Trace trace = trace_of(folder, "/bin/sh -c 'echo \"$1\"; echo e >&2; exit 7' sh 'a  b'");
  CHECK(trace.ran.status == 7);
  CHECK(trace.ran.out == "a  b\n");
  CHECK(trace.ran.errors == "e\n");
  CHECK(trace.profile.runs == std::vector<ProfileRun>{{"/bin/sh", 7}});
  folder.write("last", "x");
  Trace killed = trace_of(folder, "/bin/sh -c 'cat last; kill -KILL $$'");
  CHECK(killed.ran.status == 137);
  CHECK(killed.use_of(folder.path("last")) == Use::opened);
}

TEST_CASE("what cannot be executed is 127 or 126, in one line, and leaves no profile") {
  ScratchFolder folder;
  folder.write("data", "no program");
  Ran absent = run(folder, "trace -o p -- ./absent");
  CHECK(absent.status == 127);
  CHECK(absent.errors == "scratchpack: trace ./absent: No such file or directory\n");
  CHECK(run(folder, "trace -o p -- nowhere-in-path").status == 127);
  CHECK(run(folder, "trace -o p -- ./data").status == 126);
  CHECK(run(folder, "trace -o nowhere/p -- touch made").status == 1);
  CHECK(output_of("ls", folder.path()) == "data\n");
}

TEST_CASE("scripts are recorded with their interpreters, scripts of scripts and env too") {
  ScratchFolder folder;
  std::string inner = script(folder, "inner", "#!/bin/sh\nexec \"$1\" \"$1\" x\n");
  std::string outer = script(folder, "outer", "#!" + inner + "\n");
  std::string through_env = script(folder, "through_env", "#!/usr/bin/env dash\ntrue\n");
  script(folder, "all",
         fmt::format("#!/bin/bash\n{}\n/usr/bin/head -c1 /etc/os-release\n", through_env));
  Trace trace = trace_of(folder, "./all");
  CHECK(trace.use_of(folder.path("all")) == Use::executed);
  CHECK(trace.use_of("/bin/bash") == Use::interpreter);
  CHECK(trace.use_of("/usr/bin/env") == Use::interpreter);
  CHECK(trace.use_of("/lib64/ld-linux-x86-64.so.2") == Use::interpreter);
  CHECK(trace.use_of("/usr/bin/head") == Use::executed);
  CHECK(trace.use_of("/etc/os-release") == Use::opened);
  CHECK(trace.use_of("/lib/x86_64-linux-gnu/libc.so.6") == Use::mapped);
  folder.write("inner", "#!/bin/sh\ntrue\n");
  Trace chain = trace_of(folder, "./outer");
  CHECK(chain.use_of(outer) == Use::executed);
  CHECK(chain.use_of(inner) == Use::interpreter);
  CHECK(chain.use_of("/bin/sh") == Use::interpreter);
}

TEST_CASE("threads, vfork, clone and spawned children are followed") {
  ScratchFolder folder;
  for (const char* name : {"a", "b", "c", "d"}) folder.write(name, name);
  program(folder, "many", R"(
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static void* thread(void* name) { return open(name, O_RDONLY) < 0 ? name : NULL; }
int main(void) {
  pthread_t id;
  void* failed;
  pthread_create(&id, NULL, thread, "a");
  pthread_join(id, &failed);
  int status, bad = failed != NULL;
  pid_t child = vfork();
  if (child == 0) { execl("/bin/cat", "cat", "b", (char*)0); _exit(9); }
  waitpid(child, &status, 0); bad |= status != 0;
  char* words[] = {"cat", "c", NULL};
  posix_spawn(&child, "/bin/cat", NULL, NULL, words, environ);
  waitpid(child, &status, 0); bad |= status != 0;
  if ((child = fork()) == 0) { thread("d"); _exit(0); }
  waitpid(child, &status, 0);
  return bad;
})",
          "-pthread");
  Trace trace = trace_of(folder, "./many");
  CHECK(trace.ran.status == 0);
  CHECK(trace.ran.out == "bc");
  for (const char* name : {"a", "b", "c", "d"}) {
    CHECK(trace.use_of(folder.path(name)) == Use::opened);
  }
  CHECK(trace.use_of("/bin/cat") == Use::executed);
}

TEST_CASE("directories listed and paths looked for are recorded, the machine's own is not") {
  ScratchFolder folder;
  folder.write("plugins/one", "1");
  folder.write("there", "x");
  Trace trace = trace_of(folder,
                         "/bin/sh -c 'ls plugins; test -e there; test -e absent; "
                         "cat /proc/self/stat /etc/passwd /etc/hostname </dev/null "
                         ">/dev/null; cat plugins/../there; :'");
  CHECK(trace.use_of(folder.path("plugins")) == Use::listed);
  CHECK(trace.use_of(folder.path("there")) == Use::opened);
  CHECK(trace.profile.missing.contains(folder.path("absent")));
  CHECK_FALSE(trace.has(folder.path()));
  for (const auto& [path, use] : trace.profile.files) CHECK_FALSE(is_machines_own(path));
}

TEST_CASE("what the command made itself is left out") {
  ScratchFolder folder;
  folder.write("old", "x");
  folder.write("kept", "x");
  folder.write("moved", "x");
  folder.write("over", "x");
  Trace trace = trace_of(
      folder,
      "/bin/sh -c 'echo 1 >new; cat new; mkdir -p tree/a; echo 2 >tree/a/b; cat tree/a/b; "
      "echo 3 >t; mv t renamed; cat renamed; ln -s new link; cat link; echo 4 >over; cat over; "
      "cat old; echo 5 >>kept'");
  for (const char* made : {"new", "tree", "tree/a", "tree/a/b", "renamed", "link", "over", "t"}) {
    CAPTURE(made);
    CHECK_FALSE(trace.has(folder.path(made)));
  }
  CHECK(trace.use_of(folder.path("old")) == Use::opened);
  CHECK(trace.profile.written.empty());  // where the user happens to be
}

TEST_CASE("what looks private is named and left out, unless asked for") {
  ScratchFolder folder;
  const std::string key = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
  for (const char* name : {".env", ".ssh/config", ".git/HEAD", ".bash_history", ".netrc"}) {
    folder.write(name, "secret");
  }
  folder.write("server.pem", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n" + key);
  folder.write("public.pem", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
  folder.write("about.txt", "A key begins with -----BEGIN PRIVATE KEY-----\n");
  folder.write(".env.example", "KEY=");
  const std::string command =
      "cat .env .ssh/config .git/HEAD .bash_history .netrc server.pem public.pem about.txt "
      ".env.example";
  Trace trace = trace_of(folder, command);
  for (const char* name :
       {".env", ".ssh/config", ".git/HEAD", ".bash_history", ".netrc", "server.pem"}) {
    CAPTURE(name);
    CHECK_FALSE(trace.has(folder.path(name)));
    CHECK(trace.profile.private_files.contains(folder.path(name)));
  }
  for (const char* name : {"public.pem", "about.txt", ".env.example"}) {
    CHECK(trace.use_of(folder.path(name)) == Use::opened);
  }
  CHECK(says(trace.ran.errors, folder.path("server.pem") + ": left out of the profile"));
  CHECK_FALSE(says(output_of("cat p", folder.path()), "secret"));
  Trace allowed = trace_of(folder, command, "--allow-private");
  CHECK(allowed.use_of(folder.path(".env")) == Use::opened);
  CHECK(allowed.profile.private_files.empty());
  CHECK(allowed.ran.errors.empty());
}

TEST_CASE("names that distributions use for modules are private elsewhere only") {
  for (const char* path : {"/usr/lib/python3/dist-packages/core/credentials",
                           "/usr/share/nodejs/npm/.npmrc", "/usr/share/cmake/Key.pfx"}) {
    CAPTURE(path);
    CHECK_FALSE(looks_private(path, false));
  }
  for (const char* path : {"/run/secrets/token", "/usr/src/app/.npmrc", "/usr/local/etc/token",
                           "/home/u/.aws/credentials", "/usr/share/x/.env", "/usr/lib/x/id_rsa"}) {
    CAPTURE(path);
    CHECK(looks_private(path, false));
  }
  CHECK_FALSE(looks_private("/usr/lib/python3.11/token.py", false));
  CHECK_FALSE(looks_private("/srv/tokenize", false));
  CHECK_FALSE(looks_private("/srv/app/.env", true));
  CHECK(looks_private("/srv/app/.git", true));
}

TEST_CASE("a signal sent to a server or its tracer ends it, and it yields its profile") {
  ScratchFolder folder;
  folder.write("conf", "x");
  folder.write("bye", "x");
  script(folder, "server",
         "#!/bin/sh\ntrap 'cat bye; kill $child; exit 5' TERM INT\n"
         "cat conf; sleep 60 & child=$!\necho $$ >ready; wait\n");
  for (const char* told : {"-TERM $t", "-INT $t", "-TERM $(cat ready)", "-INT $(cat ready)"}) {
    CAPTURE(told);
    int status = 0;
    std::string out = output_of(
        fmt::format("rm -f p ready; env --default-signal=INT {} trace -o p -- ./server & t=$!; "
                    "while [ ! -s ready ]; do sleep 0.02; done; kill {}; wait $t",
                    kTool, told),
        folder.path(), &status);
    CHECK(out == "xx");
    CHECK(status == 5);
    Profile profile = load_profile(folder.path("p"));
    CHECK(profile.files.contains(folder.path("bye")));
    CHECK(profile.runs == std::vector<ProfileRun>{{folder.path("server"), 5}});
  }
}

TEST_CASE("a command's daemon is traced to its end") {
  ScratchFolder folder;
  folder.write("late", "x");
  Trace trace = trace_of(folder, "/bin/sh -c '(sleep 0.3; cat late) & exit 4'");
  CHECK(trace.ran.status == 4);
  CHECK(trace.use_of(folder.path("late")) == Use::opened);
  int status = 0;
  output_of(kTool +
                " trace -o p -- /bin/sh -c 'sleep 60 & exit 3' & t=$!; sleep 0.5; kill $t; "
                "wait $t",
            folder.path(), &status);
  CHECK(status == 3);
}

TEST_CASE("a bundle built with a profile has a plugin whose name is made at run time") {
  ScratchFolder folder;
  folder.write("plugin.c", "int answer(void) { return 42; }");
  folder.run("mkdir plugins; gcc -shared -fPIC -o plugins/one.so plugin.c");
  program(folder, "host", R"(
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char** words) {
  char path[4096];
  snprintf(path, sizeof path, "%s/plugins/%s.so", FOLDER, count > 1 ? words[1] : "one");
  void* plugin = dlopen(path, RTLD_NOW);
  int (*answer)(void) = plugin ? (int (*)(void))dlsym(plugin, "answer") : 0;
  return printf("%d\n", answer ? answer() : -1) < 0;
})",
          "-DFOLDER='\"" + folder.path() + "\"'");
  trace_of(folder, "./host");
  const std::string plugin = folder.path("plugins/one.so");
  for (const std::string with : {"--profile p", "--trace-run ''", "--trace-run one"}) {
    Ran built = run(folder, "build ./host -o h " + with + " --json");
    REQUIRE_MESSAGE(built.status == 0, built.errors);
    CHECK(says(built.out, "\"path\": \"" + plugin + "\""));
    CHECK(says(run(folder, "inspect h --why " + plugin).out, "loaded"));
    CHECK(run(folder, "verify h --").out == "42\n");
  }
  REQUIRE(run(folder, "build ./host -o h").status == 0);
  CHECK(run(folder, "verify h --").out == "-1\n");
}

TEST_CASE("a build says where a traced run wrote, and gives the container these places") {
  ScratchFolder folder;
  folder.run("mkdir made kept mixed && echo x >kept/log && echo x >mixed/read && touch mixed/log");
  const std::string path =
      script(folder, "app",
             "#!/bin/sh\ncd " + folder.path() +
                 "\necho 1 >made/new; echo 2 >>kept/log; cat mixed/read; echo 3 >>mixed/log\n"
                 "mkdir made/deep && echo 4 >made/deep/file; echo 5 >/dev/null; : >/tmp/$$ && rm "
                 "/tmp/$$\n");
  const std::set<std::string> places = {"/tmp", folder.path("kept"), folder.path("made")};
  Ran built = run(folder, "build ./app -o a --trace-run '' --emit-dockerfile=D");
  REQUIRE_MESSAGE(built.status == 0, built.errors);
  std::string options;
  for (const std::string& place : places) options += " --tmpfs " + place;
  CHECK_MESSAGE(says(built.out, "docker run --rm --read-only" + options + " app\n"), built.out);
  CHECK(says(built.out, fmt::format("Traced runs wrote to: {} (", fmt::join(places, ", "))));
  // In a root file system a mount would hide the application, which lies in /tmp.
  Ran image = run(folder, "build ./app -o i --format oci --trace-run ''");
  REQUIRE_MESSAGE(image.status == 0, image.errors);
  CHECK_FALSE(says(image.out, "--tmpfs /tmp "));
  CHECK(says(image.out, "--tmpfs " + folder.path("kept") + " "));
  folder.run("rm -r made/*");
  const Trace trace = trace_of(folder, path);
  CHECK(trace.profile.written == std::set<std::string>{"/tmp", folder.path("kept"),
                                                       folder.path("made"), folder.path("mixed")});
  CHECK(parse_profile(to_json(trace.profile), "p").written == trace.profile.written);
}

TEST_CASE(
    "a run while building is given what the bundle is: words behind -- and those of the run") {
  ScratchFolder folder;
  folder.write("say", "#!/bin/sh\necho \"it says $*\"\n");
  folder.run("chmod +x say");
  const auto errors = [&](const std::string& options) {
    Ran built = run(folder, "build say -q -o said --no-recipe '*' " + options);
    REQUIRE_MESSAGE(built.status == 0, built.errors);
    return built.errors;
  };
  CHECK(says(errors("--trace-run 'c d' -- a 'b b'"), "it says a b b c d\n"));
  CHECK(run(folder, "verify said -- c d").out == "it says a b b c d\n");
  CHECK(says(errors("--trace-run '' --trace-run c -- a"), "it says a\nit says a c\n"));
  CHECK(says(errors("--trace-run c"), "it says c\n"));
  CHECK(says(errors("--trace-run '' --format tar -- a"), "it says a\n"));
}

TEST_CASE("of a listed directory come the names that were used, or all when none was") {
  ScratchFolder folder;
  folder.write("some/used", "u");
  folder.write("some/other", "o");
  folder.write("names/one", "1");
  folder.write("names/two", "2");
  folder.write("only/here", "x");
  folder.write("gone", "x");
  folder.link("dangling", "nowhere");
  trace_of(folder,
           "/bin/sh -c 'ls some names; cat some/used gone; test -L dangling; test -d only'");
  std::filesystem::remove(folder.path("gone"));
  Ran built = run(folder, "build /bin/ls -o h --profile p --no-trial --json");
  REQUIRE(built.status == 0);
  for (const char* name : {"some/used", "names/one", "names/two", "dangling"}) {
    CHECK(says(built.out, "\"path\": \"" + folder.path(name) + "\""));
  }
  CHECK_FALSE(says(built.out, folder.path("some/other")));
  CHECK(says(run(folder, "inspect h --why " + folder.path("only")).out, "none of its files"));
  CHECK(says(built.errors, folder.path("gone") + ": left out, it is not there any more"));
}

TEST_CASE("--prune leaves out of recipes what no profile used, and says how much") {
  ScratchFolder folder;
  CHECK(run(folder, "build /bin/date --prune").status == 2);
  Trace trace = trace_of(folder, "/bin/date -d @0", "", "TZ=Asia/Seoul ");
  CHECK(trace.has("/usr/share/zoneinfo/Asia/Seoul"));
  Ran whole = run(folder, "build /bin/date -o w --profile p --json");
  Ran pruned = run(folder, "build /bin/date -o d --profile p --prune --json");
  REQUIRE(pruned.status == 0);
  CHECK(says(whole.out, "zoneinfo/Europe/Paris"));
  CHECK_FALSE(says(whole.out, "\"pruned\""));
  const nlohmann::json left = nlohmann::json::parse(pruned.out).at("pruned");
  CHECK(left.at("paths").size() == left.at("files"));
  CHECK(says(left.at("paths").dump(), "zoneinfo/Europe/Paris"));
  CHECK_FALSE(says(pruned.out, "\"path\": \"/usr/share/zoneinfo/Europe/Paris"));
  CHECK(says(pruned.out, "zoneinfo/Asia/Seoul"));
  CHECK(says(pruned.out, "/etc/nsswitch.conf"));
  CHECK(says(pruned.out, "\"pruned\": {"));
  CHECK(says(run(folder, "build /bin/date -o d --profile p --prune --verbose").out,
             "/usr/share/zoneinfo/Europe/Paris (left out by --prune)"));
  CHECK(says(run(folder, "build /bin/date -o d --profile p --prune").out, "left out by --prune"));
  CHECK(output_of("TZ=Asia/Seoul ./d -d @0 +%H:%M", folder.path()) == "09:00\n");
}

TEST_CASE("the same run gives the same profile, and profiles of several runs merge") {
  ScratchFolder folder;
  folder.write("one", "1");
  folder.write("two", "2");
  trace_of(folder, "/bin/cat one");
  std::string first = output_of("cat p", folder.path());
  trace_of(folder, "/bin/cat one");
  CHECK(output_of("cat p", folder.path()) == first);
  folder.run("mv p p1");
  trace_of(folder, "/bin/cat two");
  Ran built = run(folder, "build /bin/cat -o c --profile p1 --profile p --no-trial --json");
  CHECK(says(built.out, folder.path("one")));
  CHECK(says(built.out, folder.path("two")));
}
