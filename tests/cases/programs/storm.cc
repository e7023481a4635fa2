// Threads that open and load, under a storm of signals whose handlers open and throw; cancellation;
// children by every way there is. Prints one line a part; each says the same on every run.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "throw_outside.h"

extern char** environ;

namespace {

const char* const kFiles[] = {"/opt/tree/data.txt", "/opt/tree/sub/inner.txt",
                              "/opt/tree/copy.txt"};
unsigned long sums[3];
volatile sig_atomic_t bad;

unsigned long sum(const char* path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 1;
  char buffer[1024];
  unsigned long value = 5381;
  for (ssize_t count; (count = read(file, buffer, sizeof buffer)) > 0;) {
    for (ssize_t i = 0; i < count; ++i) value = value * 33 + static_cast<unsigned char>(buffer[i]);
  }
  close(file);
  return value;
}

void open_in_handler(int) {
  int saved = errno;
  int file = open(kFiles[0], O_RDONLY);
  char first = 0;
  if (file < 0 || read(file, &first, 1) != 1 || first != 's') bad = 1;
  if (file >= 0) close(file);
  errno = saved;
}

void* read_and_load(void* number) {
  stack_t alternate = {};
  alternate.ss_sp = std::malloc(8192);
  alternate.ss_size = 8192;
  sigaltstack(&alternate, nullptr);
  double x = 1.5;
  for (long i = 0; i < 40; ++i) {
    long which = (reinterpret_cast<long>(number) + i) % 3;
    double y = x * 1.25;
    if (sum(kFiles[which]) != sums[which]) bad = 1;
    if (y != x * 1.25) bad = 1;
    void* library = dlopen("libz.so.1", RTLD_NOW);
    if (library == nullptr) bad = 1;
    if (library != nullptr) dlclose(library);
    DIR* directory = opendir("/opt/tree");
    int names = 0;
    while (directory != nullptr && readdir(directory) != nullptr) ++names;
    if (names < 5) bad = 1;
    if (directory != nullptr) closedir(directory);
  }
  return nullptr;
}

void set_handler(void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGALRM, &action, nullptr);
}

void set_timer(long microseconds, bool repeat) {
  itimerval timer = {};
  timer.it_value.tv_usec = microseconds;
  if (repeat) timer.it_interval.tv_usec = microseconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void storm() {
  for (int i = 0; i < 3; ++i) sums[i] = sum(kFiles[i]);
  set_handler(open_in_handler, SA_RESTART | SA_ONSTACK);
  set_timer(700, true);
  pthread_t threads[8];
  for (long i = 0; i < 8; ++i) {
    pthread_create(&threads[i], nullptr, read_and_load, reinterpret_cast<void*>(i));
  }
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  set_timer(0, false);
  std::printf("storm: %s\n", bad ? "BAD" : "right");
}

int destroyed;
struct Guard {
  ~Guard() { ++destroyed; }
};

__attribute__((noinline)) int blocked_open() {
  Guard guard;
  return open("./fifo", O_RDONLY);
}

void* block(void*) {
  Guard guard;
  blocked_open();
  return nullptr;
}

void cancel() {
  mkfifo("./fifo", 0600);
  pthread_t thread;
  void* result = nullptr;
  pthread_create(&thread, nullptr, block, nullptr);
  usleep(50000);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  std::printf("cancelled open: %s, %d of 2 destructors\n",
              result == PTHREAD_CANCELED ? "yes" : "NO", destroyed);
}

void throw_from_handler(int, siginfo_t*, void* context) {
  if (met_own_code(context)) {
    set_timer(20, false);
    return;
  }
  unblock_alarm();
  throw 42;
}

int look(const char* path) {
  struct stat status;
  return stat(path, &status);
}
// Called through a pointer: else the compiler sees that nothing can throw, and leaves the catch
// out.
int (*volatile look_at)(const char*) = look;
void (*volatile start_timer)(long, bool) = set_timer;

void throw_through() {
  struct sigaction action = {};
  action.sa_sigaction = throw_from_handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGALRM, &action, nullptr);
  int caught = 0;
  for (int i = 0; i < 1000; ++i) {
    try {
      start_timer(200, false);
      for (;;) look_at(kFiles[1]);
    } catch (int) {
      ++caught;
    }
  }
  std::printf("caught from a handler: %d of 1000\n", caught);
}

int exit_code(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int nine(void*) { _exit(9); }

void children() {
  char name[] = "env";
  char option[] = "--version";
  char* arguments[] = {name, option, nullptr};
  int null = open("/dev/null", O_WRONLY);
  pid_t child = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/opt/out", O_CREAT | O_WRONLY, 0644);
  int error = posix_spawnp(&child, "env", &actions, nullptr, arguments, environ);
  std::printf("posix_spawn: %d, exit %d\n", error, error != 0 ? -1 : exit_code(child));
  if (null >= 0) close(null);
  child = vfork();
  if (child == 0) {
    execl("/usr/bin/env", "env", "-i", nullptr);
    _exit(1);
  }
  std::printf("vfork: exit %d\n", exit_code(child));
  child = fork();
  if (child == 0) {
    char* none[] = {nullptr};
    execve("/proc/self/exe", arguments, none);
    _exit(1);
  }
  std::printf("fork and own executable: exit %d\n", exit_code(child));
  static char stack[65536];
  child = clone(nine, stack + sizeof stack, CLONE_VM | SIGCHLD, nullptr);
  std::printf("clone: exit %d\n", exit_code(child));
  std::printf("system: exit %d\n", WEXITSTATUS(std::system("exit 5")));
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1 && std::strcmp(arguments[1], "--version") == 0) return 7;
  storm();
  cancel();
  throw_through();
  std::fflush(stdout);
  children();
  return 0;
}
