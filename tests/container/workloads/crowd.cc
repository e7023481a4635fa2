// Sixty-four threads that open, read, stat and load files of the bundle and of the container, all
// at once and several times, while signals arrive on alternate stacks of 8 KB whose handlers open.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 64;
constexpr int kRounds = 40;
std::atomic<int> wrong;
std::atomic<int> handled;

bool begins(const char* path, const char* with) {
  char text[32] = {};
  int file = open(path, O_RDONLY | O_CLOEXEC);
  // Where few descriptors are allowed, others have them all for a moment.
  while (file < 0 && errno == EMFILE) {
    std::this_thread::yield();
    file = open(path, O_RDONLY | O_CLOEXEC);
  }
  const bool right = file >= 0 && read(file, text, sizeof text) > 0 &&
                     std::strncmp(text, with, std::strlen(with)) == 0;
  if (file >= 0) close(file);
  return right;
}

bool look(const char* path, bool there) {
  struct stat status;
  return (stat(path, &status) == 0) == there;
}

void open_in_handler(int) {
  const int saved = errno;
  if (!begins(DATA, "setting = ")) ++wrong;
  ++handled;
  errno = saved;
}

void work() {
  if (!begins(DATA, "setting = ") || !begins("/proc/self/status", "Name:")) ++wrong;
  if (!look(DATA, true) || !look("/absent", false) || !look("/proc/self", true)) ++wrong;
  if (begins("/absent", "")) ++wrong;
}

void load() {
  void* library = dlopen("libz.so.1", RTLD_NOW);
  if (library == nullptr) ++wrong;
  if (library != nullptr) dlclose(library);
}

void one(std::barrier<>& together) {
  static thread_local char stack[8192];
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  sigaltstack(&alternate, nullptr);
  for (int i = 0; i < kRounds; ++i) {
    together.arrive_and_wait();
    work();
    if (i % 8 == 0) load();
  }
  alternate.ss_flags = SS_DISABLE;
  sigaltstack(&alternate, nullptr);
}

}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_handler = open_in_handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  std::barrier<> together(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { one(together); });
  for (unsigned i = 0; i < 400; ++i) {
    pthread_kill(threads[i % kThreads].native_handle(), SIGUSR1);
    usleep(200);
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%d threads, %d rounds: %d wrong answers, signals %s\n", kThreads, kRounds,
              wrong.load(), handled > 0 ? "handled" : "LOST");
  return 0;
}
