// Traces where the kernel gives a tracer less, or programs ask it for more: refused filters, stops
// and signals, roots of their own.
#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/cases/traced.h"

using namespace scratchpack;

namespace {

/// `refuse all COMMAND…`: no seccomp filter can be installed; `refuse listeners`: none with a
/// listener.
constexpr const char* kRefuse = R"(
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
int main(int count, char** words) {
  // What becomes of a seccomp(2) that asks for no listener.
  unsigned without = words[1][0] == 'l' ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EINVAL;
  struct sock_filter steps[] = {
      LOAD(nr),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 4),
      LOAD(args[1]),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, without),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog filter = {sizeof steps / sizeof *steps, steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 9;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 9;
  return execv(words[2], words + 2);
})";

}  // namespace

TEST_CASE("a trace is the same where the kernel refuses listeners, or filters at all") {
  ScratchFolder folder;
  program(folder, "refuse", kRefuse);
  folder.write("kept", "x");
  folder.write("plugins/one", "1");
  folder.link("link", "plugins");
  script(
      folder, "work",
      "#!/bin/bash\ncat kept link/../kept link/one absent\nls plugins\necho new >made\ncat made\n"
      "mv made moved\ncat moved\n[ -d plugins -a -e nowhere ]\n(cd link && cat one)\n"
      "LC_ALL=C.UTF-8 sort kept\nrm moved\nexit 3\n");
  Trace whole = trace_of(folder, "./work");
  REQUIRE(whole.ran.status == 3);
  const std::string text = to_json(whole.profile);
  CHECK(whole.profile.missing.contains(folder.path("absent")));
  CHECK(whole.has(folder.path("link")));
  CHECK(whole.use_of(folder.path("link/one")) == Use::opened);
  for (const char* what : {"listeners", "all"}) {
    CAPTURE(what);
    Trace less = trace_of(folder, "./work", "", std::string("./refuse ") + what);
    CHECK(less.ran.status == 3);
    CHECK(less.ran.out == whole.ran.out);
    CHECK(to_json(less.profile) == text);
  }
}

TEST_CASE("a traced program stops and goes on, and who waits for it sees that") {
  ScratchFolder folder;
  for (const char* name : {"a", "b", "c"}) folder.write(name, name);
  program(folder, "job", R"(
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static int step(pid_t child, int flags, int signal) {
  int status;
  if (waitpid(child, &status, flags) != child) return 0;
  if (flags == WUNTRACED) return WIFSTOPPED(status) && WSTOPSIG(status) == signal;
  return flags == WCONTINUED ? WIFCONTINUED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 3;
}
int main(void) {
  alarm(30);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);  // what a terminal stops must have a waiting shell in its session
    open("a", O_RDONLY);
    raise(SIGSTOP);
    open("b", O_RDONLY);
    raise(SIGTSTP);
    open("c", O_RDONLY);
    _exit(3);
  }
  for (int i = 0; i < 2; ++i) {
    if (!step(child, WUNTRACED, i == 0 ? SIGSTOP : SIGTSTP)) return 1 + 10 * i;
    kill(child, SIGCONT);
    if (!step(child, WCONTINUED, 0)) return 2 + 10 * i;
  }
  return step(child, 0, 0) ? 0 : 3;
})");
  Trace trace = trace_of(folder, "./job");
  CHECK(trace.ran.status == 0);
  for (const char* name : {"a", "b", "c"}) CHECK(trace.use_of(folder.path(name)) == Use::opened);
  Trace itself = trace_of(folder, "/bin/sh -c '(sleep 0.3; kill -CONT $$) & kill -STOP $$; cat b'");
  CHECK(itself.ran.status == 0);
  CHECK(itself.use_of(folder.path("b")) == Use::opened);
}

TEST_CASE("signals interrupt no call of a traced program that they would not have interrupted") {
  ScratchFolder folder;
  folder.write("there", "x");
  program(folder, "busy", R"(
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
static volatile int signals;
static void count(int number) { (void)number; ++signals; }
int main(void) {
  struct sigaction action = {.sa_handler = count};  // no SA_RESTART
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 1000000 && signals < 500; ++i) {
    struct stat status;
    if (stat("there", &status) != 0) return 1;
    int file = open("there", O_RDONLY);
    if (file < 0) return 2;
    close(file);
    if (access("absent", F_OK) == 0 || errno != ENOENT) return 3;
  }
  return signals > 0 ? 0 : 4;
})");
  CHECK(trace_of(folder, "./busy").ran.status == 0);
}

TEST_CASE("below a root of its own a program's paths are recorded where they lie") {
  if (::geteuid() != 0) return;  // chroot
  ScratchFolder folder;
  folder.write("root/data", "x");
  folder.write("root/sub/other", "x");
  folder.link("root/link", "/data");
  program(folder, "root/reader",
          "#include <fcntl.h>\n#include <unistd.h>\n"
          "int main(void) { chdir(\"/sub\"); open(\"other\", O_RDONLY);"
          " access(\"/absent\", F_OK); return open(\"/link\", O_RDONLY) < 0; }",
          "-static");
  program(folder, "enter",
          "#include <unistd.h>\nint main(void) { if (chroot(\"root\") || chdir(\"/\")) return 9;"
          " execl(\"/reader\", \"reader\", (char*)0); return 8; }");
  Trace trace = trace_of(folder, "./enter");
  REQUIRE(trace.ran.status == 0);
  CHECK(trace.use_of(folder.path("root/reader")) == Use::executed);
  CHECK(trace.use_of(folder.path("root/data")) == Use::opened);
  CHECK(trace.use_of(folder.path("root/link")) == Use::looked_at);
  CHECK(trace.use_of(folder.path("root/sub/other")) == Use::opened);
  CHECK(trace.profile.missing.contains(folder.path("root/absent")));
  CHECK_FALSE(trace.has("/data"));
}

TEST_CASE("an open that takes a directory for the root is recorded below it") {
  ScratchFolder folder;
  folder.write("root/data", "x");
  folder.link("root/link", "/data");
  program(folder, "open", R"(
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
  struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT};
  int root = open("root", O_PATH | O_DIRECTORY);
  return syscall(SYS_openat2, root, "/link", &how, sizeof how) < 0;
})");
  Trace trace = trace_of(folder, "./open");
  REQUIRE(trace.ran.status == 0);
  CHECK(trace.use_of(folder.path("root/data")) == Use::opened);
  CHECK(trace.use_of(folder.path("root/link")) == Use::looked_at);
  CHECK_FALSE(trace.profile.missing.contains("/link"));
}

TEST_CASE("with --sysroot a profile's paths are the sysroot's") {
  ScratchFolder folder;
  folder.run("mkdir -p root/usr root/etc/only");
  REQUIRE(run(folder, "build /bin/cat -o cat.tar --format tar").status == 0);
  folder.run("tar -xf cat.tar -C root");
  folder.write("root/srv/data", "x");
  Profile profile;
  profile.add("/srv/data", Use::opened);
  profile.add("/etc/only", Use::looked_at);
  profile.add(folder.path("outside"), Use::opened);
  folder.write("outside", "x");
  folder.write("p", to_json(profile));
  Ran built = run(folder, "build /bin/cat --sysroot root -o c --profile p --no-trial --json");
  REQUIRE_MESSAGE(built.status == 0, built.errors);
  CHECK(says(built.out, "\"path\": \"/srv/data\""));
  CHECK(says(built.out, "\"path\": \"/etc/only\""));
  CHECK(says(built.errors, folder.path("outside") + ": left out"));
}
