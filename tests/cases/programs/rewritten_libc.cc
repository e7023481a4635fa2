// Runs on a rewritten C library, is its handler, and sees whether all is as it was. Built by
// rewrite_run_test.cc against glibc (with -fnon-call-exceptions: signals throw anywhere), and
// against musl (without exceptions, C headers only).
//
//   rewritten_libc SLOT PART        SLOT: hexadecimal, an address in the C library's file
//
// The handler answers for /virtual/…: /virtual/file is this program's own file. Each part prints
// one line, or says what went wrong and exits with 1.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __EXCEPTIONS
#include <execinfo.h>
#endif

#include "runtime/calls.h"
#ifdef __EXCEPTIONS
#include "tests/cases/programs/throw_outside.h"
#endif

// The handler may not touch vector registers: the program's own are in them.
#define HANDLER __attribute__((target("general-regs-only"), noinline))

using scratchpack::Registers;

namespace {

volatile int asked;
volatile int dawdle;  // rounds the handler spends before it answers

HANDLER long kernel(long number, long a, long b, long c, long d) {
  register long r10 asm("r10") = d;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}

HANDLER bool is_virtual(uint64_t path) {
  const char* with = "/virtual/";
  for (const char* text = reinterpret_cast<const char*>(path); *with != 0; text++, with++) {
    if (*text != *with) return false;
  }
  return true;
}

HANDLER void answer(Registers* registers, long result) {
  registers->handled = 1;
  registers->rax = static_cast<uint64_t>(result);
}

HANDLER void handler(Registers* registers, const uint64_t*) {
  asked = asked + 1;
  for (int i = 0; i < dawdle; i++) asm volatile("pause");
  const auto self = reinterpret_cast<long>("/proc/self/exe");
  auto r = *registers;
  switch (r.rax) {
    case scratchpack::kCall_open:
    case scratchpack::kCall_stat:
    case scratchpack::kCall_access:
      if (is_virtual(r.rdi)) answer(registers, kernel(long(r.rax), self, long(r.rsi), 0, 0));
      break;
    case scratchpack::kCall_openat:
    case scratchpack::kCall_newfstatat:
    case scratchpack::kCall_faccessat:
    case scratchpack::kCall_faccessat2:
      if (is_virtual(r.rsi)) {
        answer(registers, kernel(long(r.rax), AT_FDCWD, self, long(r.rdx), long(r.r10)));
      }
      break;
    default:
      break;
  }
}

[[noreturn]] void fail(const char* what) {
  printf("FAILED: %s (errno %d)\n", what, errno);
  exit(1);
}

void need(bool holds, const char* what) {
  if (!holds) fail(what);
}

void fill_slot(const char* hexadecimal) {
  // dladdr's base is where the file's address 0 lies.
  Dl_info info;
  need(dladdr(reinterpret_cast<void*>(&::fopen), &info) != 0, "find the C library");
  char* page = static_cast<char*>(info.dli_fbase) + strtoul(hexadecimal, nullptr, 16);
  need(mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
           page,
       "map the slot");
  scratchpack::Handler function = handler;
  memcpy(page, &function, sizeof function);
}

// ---- calls: answered, and declined
// ---------------------------------------------------------------

void calls() {
  char magic[4] = {};
  struct stat status;
  int file = open("/virtual/file", O_RDONLY);
  need(file >= 0 && read(file, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0, "open");
  close(file);
  FILE* stream = fopen("/virtual/file", "r");
  need(stream != nullptr && fread(magic, 1, 4, stream) == 4, "fopen");
  fclose(stream);
  need(stat("/virtual/file", &status) == 0 && S_ISREG(status.st_mode), "stat");
  need(access("/virtual/file", R_OK) == 0, "access");
  need(asked >= 4, "ask");
  need(open("/no such file", O_RDONLY) == -1 && errno == ENOENT, "decline a missing file");
  file = open("/dev/null", O_RDONLY);
  need(file >= 0, "decline a file");
  close(file);
  DIR* directory = opendir("/proc/self");
  need(directory != nullptr && readdir(directory) != nullptr, "opendir");
  closedir(directory);
  need(system("true") == 0, "system");
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/true", "true", static_cast<char*>(nullptr));
    _exit(99);
  }
  int result = -1;
  need(waitpid(child, &result, 0) == child && result == 0, "fork and exec");
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  need(posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, environ) == 0 &&
           waitpid(child, &result, 0) == child && result == 0,
       "posix_spawn");
  printf("calls answered and declined\n");
}

// ---- cancellation: of a call that blocks, and of one that is being asked about
// -------------------

char fifo[] = "/tmp/rewritten_libc.XXXXXX";
volatile int cleaned;
volatile int started;
volatile int asynchronous;

void clean(void*) { cleaned = cleaned + 1; }

void* open_for_good(void*) {
  pthread_cleanup_push(clean, nullptr);
  if (asynchronous) pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
  started = 1;
  open(fifo, O_RDONLY);
  pthread_cleanup_pop(0);
  return nullptr;
}

void cancel_after(long nanoseconds) {
  started = 0;
  cleaned = 0;
  pthread_t thread;
  need(pthread_create(&thread, nullptr, open_for_good, nullptr) == 0, "start a thread");
  while (!started) sched_yield();
  timespec pause{0, nanoseconds};
  nanosleep(&pause, nullptr);
  need(pthread_cancel(thread) == 0, "cancel");
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 10;
  void* result = nullptr;
  need(pthread_timedjoin_np(thread, &result, &until) == 0, "end a cancelled thread");
  need(result == PTHREAD_CANCELED && cleaned == 1, "run the cleanup of a cancelled thread");
}

void cancel() {
  for (asynchronous = 0; asynchronous < 2; asynchronous = asynchronous + 1) {
    for (int i = 0; i < 10; i++) cancel_after(20'000'000);
  }
  asynchronous = 0;
  dawdle = 20'000;  // some hundred microseconds: most cancellations hit the handler
  for (int i = 0; i < 200; i++) cancel_after(1000 + i * 2000);
  dawdle = 0;
  need(asked >= 200, "ask");
  printf("cancelled while blocked and while asking\n");
}

// ---- unwinding: from signals that hit anywhere
// ---------------------------------------------------

#ifdef __EXCEPTIONS
volatile int thrown;
volatile int frames_least = 99;
volatile int traces;
int destroyed;

struct Counted {
  ~Counted() { destroyed++; }
};

void set_timer(long microseconds, bool again) {
  itimerval when = {{0, again ? microseconds : 0}, {0, microseconds}};
  setitimer(ITIMER_REAL, &when, nullptr);
}

void throw_from_signal(int, siginfo_t*, void* context) {
  if (met_own_code(context)) {
    set_timer(20, false);
    return;
  }
  unblock_alarm();
  thrown = thrown + 1;
  throw 42;
}

void trace_from_signal(int, siginfo_t*, void*) {
  void* frames[64];
  int count = backtrace(frames, 64);
  traces = traces + 1;
  if (count < frames_least) frames_least = count;
}

__attribute__((noinline)) int ask_once(const char* path) {
  Counted counted;
  struct stat status;
  return stat(path, &status);
}

void on_alarm(void (*action)(int, siginfo_t*, void*)) {
  struct sigaction how = {};
  how.sa_sigaction = action;
  how.sa_flags = SA_SIGINFO;
  sigaction(SIGALRM, &how, nullptr);
}

void unwind() {
  const char* paths[] = {"/virtual/file", "/dev/null"};
  volatile int caught = 0;
  on_alarm(throw_from_signal);
  for (int i = 0; i < 1000; i++) {
    try {
      set_timer(150, false);
      for (;;) ask_once(paths[i % 2]);
    } catch (int) {
      caught = caught + 1;
    }
  }
  need(caught == thrown && caught >= 1000, "catch what signal handlers throw");
  need(destroyed >= 1000, "destroy what the exceptions passed");
  void* warm[4];
  backtrace(warm, 4);
  on_alarm(trace_from_signal);
  set_timer(300, true);
  for (int i = 0; i < 200'000; i++) ask_once(paths[i % 2]);
  set_timer(0, false);
  need(traces > 10, "trace");
  // At least: the tracer, the signal's frame, ask_once, unwind, main, the C library's two.
  need(frames_least >= 6, "see whole backtraces");
  printf("exceptions and backtraces from signals\n");
}
#endif

}  // namespace

int main(int count, char** arguments) {
  setvbuf(stdout, nullptr, _IONBF, 0);
  need(count == 3, "be given a slot and a part");
  fill_slot(arguments[1]);
  int holder = mkstemp(fifo);
  need(holder >= 0 && unlink(fifo) == 0 && mkfifo(fifo, 0600) == 0, "make a fifo");
  if (strcmp(arguments[2], "calls") == 0) calls();
  if (strcmp(arguments[2], "cancel") == 0) cancel();
#ifdef __EXCEPTIONS
  if (strcmp(arguments[2], "unwind") == 0) unwind();
#endif
  unlink(fifo);
  return 0;
}
