// Exceptions from signal handlers that interrupt calls about files, and forced unwinding through
// the frames of cancelled threads: each must be caught, each destructor on the way run.
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "../../cases/programs/throw_outside.h"

namespace {

std::atomic<int> destroyed;
struct Counted {
  ~Counted() { ++destroyed; }
};

// Where a call of `path` begins and ends is not known to the compiler: it must expect a throw.
using Call = int (*)(const char*);
int call_open(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) close(file);
  return file;
}
int call_stat(const char* path) {
  struct stat status;
  return stat(path, &status);
}
int call_access(const char* path) { return access(path, R_OK); }
int call_readlink(const char* path) {
  char text[64];
  return static_cast<int>(readlink(path, text, sizeof text));
}
int call_chdir(const char* path) { return chdir(path); }
volatile Call calls[] = {call_open, call_stat, call_access, call_readlink, call_chdir};

const char* const kPaths[] = {DATA, "/proc/self/status", "/absent/at/all", FOLDER};

void set_timer(long microseconds) {
  itimerval timer = {};
  timer.it_value.tv_usec = microseconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void throw_outside(int, siginfo_t*, void* context) {
  if (met_own_code(context)) {
    set_timer(20);
    return;
  }
  unblock_alarm();
  throw std::runtime_error("from a handler");
}

__attribute__((noinline)) void call_through(Call call, const char* path) {
  const Counted counted;
  call(path);
}
void (*volatile through)(Call, const char*) = call_through;
void (*volatile start_timer)(long) = set_timer;

void throw_from_handlers() {
  struct sigaction action = {};
  action.sa_sigaction = throw_outside;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGALRM, &action, nullptr);
  constexpr int kRounds = 600;
  for (std::size_t kind = 0; kind < sizeof calls / sizeof calls[0]; ++kind) {
    int caught = 0;
    for (int i = 0; i < kRounds; ++i) {
      try {
        start_timer(100 + i % 97);
        for (unsigned n = 0;; ++n) through(calls[kind], kPaths[n % 4]);
      } catch (const std::runtime_error&) {
        ++caught;
      }
    }
    std::printf("thrown through call %zu: %d of %d caught\n", kind, caught, kRounds);
  }
  std::printf("destructors: %s\n", destroyed >= 3000 ? "run" : "NOT RUN");
}

std::atomic<int> inside;
void* look_until_cancelled(void*) {
  const Counted outer;
  try {
    const Counted inner;
    ++inside;
    for (;;) call_open(DATA);
  } catch (...) {
    ++destroyed;  // forced unwinding passes through catch (...)
    throw;
  }
}

void cancel_through_frames() {
  constexpr int kRounds = 200;
  int ended = 0;
  destroyed = 0;
  for (int i = 0; i < kRounds; ++i) {
    pthread_t thread;
    void* result = nullptr;
    inside = 0;
    pthread_create(&thread, nullptr, look_until_cancelled, nullptr);
    while (inside == 0) usleep(10);
    usleep(static_cast<unsigned>(i));
    pthread_cancel(thread);
    pthread_join(thread, &result);
    ended += result == PTHREAD_CANCELED;
  }
  std::printf("cancelled while opening: %d of %d, %d frames cleaned up\n", ended, kRounds,
              destroyed.load());
}

}  // namespace

int main() {
  throw_from_handlers();
  cancel_through_frames();
  return 0;
}
