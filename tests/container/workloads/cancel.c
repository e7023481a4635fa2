// Cancels threads that wait in each kind of call, deferred and asynchronously, and threads that do
// nothing but open, stat and list files; each must end, and have cleaned up. C alone: glibc has to
// load libgcc_s by itself for it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static atomic_int cleaned, started;
static int ends[2], listener;

static void clean(void* unused) {
  (void)unused;
  ++cleaned;
}

static void wait_in_read(void) {
  char byte;
  while (read(ends[0], &byte, 1) < 0 && errno == EINTR) continue;
}

static void wait_in_sleep(void) {
  struct timespec long_time = {1000, 0};
  nanosleep(&long_time, NULL);
}

static void wait_in_accept(void) { accept(listener, NULL, NULL); }

static void open_files(void) {
  for (;;) {
    int file = open(DATA, O_RDONLY | O_CLOEXEC);
    if (file >= 0) close(file);
  }
}

static void look_at_files(void) {
  struct stat status;
  for (;;) {
    if (stat(DATA, &status) != 0 || stat("/proc/self", &status) != 0) abort();
    if (stat("/absent", &status) == 0) abort();
    pthread_testcancel();
  }
}

static void list_directories(void) {
  for (;;) {
    DIR* directory = opendir(FOLDER);
    while (directory != NULL && readdir(directory) != NULL) continue;
    if (directory != NULL) closedir(directory);
    pthread_testcancel();
  }
}

// Asynchronously only what is safe to be left at any instruction.
static const struct {
  const char* name;
  void (*act)(void);
  int asynchronous_too;
} kinds[] = {
    {"read", wait_in_read, 1},     {"nanosleep", wait_in_sleep, 1},
    {"accept", wait_in_accept, 1}, {"looking", look_at_files, 1},
    {"opening", open_files, 0},    {"listing", list_directories, 0},
};
static int asynchronous;

static void* act(void* number) {
  pthread_cleanup_push(clean, NULL);
  if (asynchronous) pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  ++started;
  kinds[(long)number].act();
  pthread_cleanup_pop(0);
  return NULL;
}

static int cancel_one(long number, int delay) {
  pthread_t thread;
  void* result = NULL;
  started = cleaned = 0;
  if (pthread_create(&thread, NULL, act, (void*)number) != 0) return 0;
  while (!started) sched_yield();
  struct timespec pause = {0, delay};
  nanosleep(&pause, NULL);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  return result == PTHREAD_CANCELED && cleaned == 1;
}

int main(void) {
  // Without a name the kernel makes one up.
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (pipe(ends) != 0 ||
      bind(listener, (struct sockaddr*)&address, sizeof address.sun_family) != 0 ||
      listen(listener, 1) != 0) {
    return 1;
  }
  enum { kRounds = 60 };
  // Last those that may be cancelled with a descriptor in hand, which then stays open.
  for (long kind = 0; kind < (long)(sizeof kinds / sizeof kinds[0]); ++kind) {
    for (asynchronous = 0; asynchronous <= kinds[kind].asynchronous_too; ++asynchronous) {
      int right = 0;
      for (int i = 0; i < kRounds; ++i) right += cancel_one(kind, i * 7000);
      printf("%s, %s: %d of %d ended and cleaned up\n", kinds[kind].name,
             asynchronous ? "asynchronously" : "deferred", right, kRounds);
    }
  }
  return 0;
}
