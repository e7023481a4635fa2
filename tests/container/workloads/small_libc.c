// Linked with musl-gcc: another linker, another C library. Threads, a child through
// /proc/self/exe, and when asked for, data at a path that was compiled in.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void* add(void* number) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static int total;
  pthread_mutex_lock(&mutex);
  total += *(int*)number;
  pthread_mutex_unlock(&mutex);
  return &total;
}

static void print_data(void) {
  FILE* data = fopen(DATA, "r");
  char line[64] = "";
  printf("data: %s", data != NULL && fgets(line, sizeof line, data) != NULL ? line : "absent\n");
  struct stat status;
  printf("stat: %d, absent: %s\n", stat(DATA, &status) == 0 ? (int)status.st_size : -1,
         stat("/nowhere/absent", &status) != 0 ? strerror(errno) : "found");
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "child") == 0) {
    printf("child of musl\n");
    return 5;
  }
  pthread_t threads[4];
  int numbers[4] = {1, 2, 3, 4};
  void* total = NULL;
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, add, &numbers[i]);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], &total);
  printf("threads: %d\n", *(int*)total);
  if (argc > 1) print_data();
  fflush(stdout);
  if (fork() == 0) {
    execl("/proc/self/exe", argv[0], "child", (char*)NULL);
    _exit(99);
  }
  int ended = 0;
  wait(&ended);
  printf("child ended with %d\n", WEXITSTATUS(ended));
  return 0;
}
