#include "bundler/isolate.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "bundler/base/error.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

/// A static program that reports on the root it is in, or ends as it is told.
std::string compile_probe(const ScratchFolder& folder) {
  folder.write("probe.c", R"(
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern char** environ;
int main(int count, char** words) {
  if (count > 2 && !strcmp(words[1], "exit")) return atoi(words[2]);
  if (count > 1 && !strcmp(words[1], "crash")) *(volatile int*)8 = 1;
  if (count > 1 && !strcmp(words[1], "sleep")) sleep(60);
  printf("pid %d uid %d gid %d cwd %s\n", getpid(), getuid(), getgid(), getcwd(NULL, 0));
  DIR* root = opendir("/");
  for (struct dirent* entry; (entry = readdir(root));)
    if (entry->d_name[0] != '.') printf("/%s\n", entry->d_name);
  FILE* null = fopen("/dev/null", "r+");
  printf("null: %d %d\n", null && fputs("x", null) >= 0 && !fflush(null), null ? fgetc(null) : 0);
  FILE* file = fopen("/new", "w");
  printf("write: %s\n", file ? "ok" : strerror(errno));
  printf("setuid: %s\n", setuid(0) ? strerror(errno) : "ok");
  char line[256];
  FILE* status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status))
    if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNewPrivs", 10)) fputs(line, stdout);
  for (char** variable = environ; *variable; ++variable) puts(*variable);
  fflush(stdout);
})");
  folder.run("cc -static -o probe probe.c");
  return folder.path("probe");
}

/// What a run prints, through a file in place of standard output.
std::string output_in(const ScratchFolder& folder, const Isolation& isolation, int* status) {
  int before = ::dup(STDOUT_FILENO);
  std::fflush(stdout);
  REQUIRE(std::freopen(folder.path("out").c_str(), "w", stdout) != nullptr);
  *status = run_isolated(isolation);
  std::fflush(stdout);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  return output_of("LC_ALL=C sort out", folder.path());
}

}  // namespace

TEST_CASE("the empty root holds the program, /proc and /dev, and the program holds no privilege") {
  ScratchFolder folder;
  std::string probe = compile_probe(folder);
  int status = -1;
  std::string said = output_in(folder, {.program = probe}, &status);
  CHECK(status == 0);
  CHECK(said ==
        "/dev\n"
        "/probe\n"
        "/proc\n"
        "CapAmb:\t0000000000000000\n"
        "CapBnd:\t0000000000000000\n"
        "CapEff:\t0000000000000000\n"
        "CapInh:\t0000000000000000\n"
        "CapPrm:\t0000000000000000\n"
        "HOME=/\n"
        "HOSTNAME=verify\n"
        "NoNewPrivs:\t1\n"
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        "null: 1 -1\n"
        "pid 1 uid 65532 gid 65532 cwd /\n"
        "setuid: Operation not permitted\n"
        "write: Read-only file system\n");
}

TEST_CASE("the status of an isolated run is the program's, 128 and the signal, or 124 for time") {
  ScratchFolder folder;
  std::string probe = compile_probe(folder);
  CHECK(run_isolated({.program = probe, .arguments = {"exit", "7"}}) == 7);
  CHECK(run_isolated({.program = probe, .arguments = {"exit", "125"}}) == 125);
  CHECK(run_isolated({.program = probe, .arguments = {"crash"}}) == 139);
  auto started = std::chrono::steady_clock::now();
  CHECK(run_isolated(
            {.program = probe, .arguments = {"sleep"}, .timeout = std::chrono::seconds(1)}) ==
        kTimedOut);
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(5));
  CHECK(output_of("pgrep -f '^/probe sleep' || echo gone", "/") == "gone\n");
}

TEST_CASE("an isolated run leaves no mount and no file behind") {
  ScratchFolder folder;
  std::string probe = compile_probe(folder);
  folder.run("mkdir temporary");
  std::string before = output_of("cat /proc/self/mountinfo", "/");
  const char* known = std::getenv("TMPDIR");
  const std::string usual = known == nullptr ? "" : known;
  ::setenv("TMPDIR", folder.path("temporary").c_str(), 1);
  run_isolated({.program = probe, .arguments = {"exit", "0"}, .with_tmp = true});
  known == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", usual.c_str(), 1);
  CHECK(output_of("cat /proc/self/mountinfo", "/") == before);
  CHECK(output_of("ls -A temporary", folder.path()) == "");
}

TEST_CASE("what cannot be run at all is an error that says why") {
  ScratchFolder folder;
  CHECK_THROWS_AS(run_isolated({.program = folder.path("missing")}), Error);
  std::string text = folder.write("text", "no program");
  CHECK_THROWS_AS(run_isolated({.program = text}), Error);
}

// As in a container of Docker's default profile; threads, children and their kind go on.
TEST_CASE("what container engines refuse is refused to an isolated program") {
  ScratchFolder folder;
  folder.write("calls.c", R"(
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static void tell(const char* name, long result) {
  printf("%s: %s\n", name, result < 0 ? strerror(errno) : "ok");
}
static void* body(void* unused) { return unused; }
int main(void) {
  tell("unshare", unshare(CLONE_NEWUSER));
  tell("clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  tell("clone3", syscall(SYS_clone3, 0, 0));
  tell("keyctl", syscall(SYS_keyctl, 0, -3, 0));
  tell("io_uring", syscall(SYS_io_uring_setup, 1, 0));
  tell("which personality", personality(0xffffffff));
  tell("personality", personality(ADDR_NO_RANDOMIZE));
  pthread_t thread;
  tell("thread", -pthread_create(&thread, 0, body, 0));
  pid_t child = fork();
  if (child == 0) _exit(0);
  tell("child", waitpid(child, 0, 0));
})");
  folder.run("cc -static -pthread -o calls calls.c");
  int status = -1;
  CHECK(output_in(folder, {.program = folder.path("calls")}, &status) ==
        "child: ok\n"
        "clone3: Function not implemented\n"
        "clone: Operation not permitted\n"
        "io_uring: Operation not permitted\n"
        "keyctl: Operation not permitted\n"
        "personality: Operation not permitted\n"
        "thread: ok\n"
        "unshare: Operation not permitted\n"
        "which personality: ok\n");
}
