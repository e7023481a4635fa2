// round_robin ROUNDS [BEFORE]: times how long commands take from fork to exit, one after the other
// in every round, so that whatever else the machine does falls on all of them alike.
//
// Reads a command a line from standard input, fields separated by tabs: NAME ROOT PROGRAM ARG…
// ROOT is a folder to chroot into, or `-`. Prints NAME, the median and the quickest in milliseconds
// a line. Fails when a command does not exit with 0 in the first round.
//
// BEFORE, done before every run and outside the time taken:
//   cold        no page of a file below ROOT stays in the page cache; fails where one does
//   /FOLDER     what lies in there is removed
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  kCommands = 64,
  kWords = 32,
  kLine = 4096,
  kPage = 4096,
  kOpenFolders = 16,
  kAttempts = 1000
};

struct Command {
  char line[kLine];
  char* words[kWords];  // NAME ROOT PROGRAM ARG… NULL
  double* times;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare(const void* left, const void* right) {
  double difference = *(const double*)left - *(const double*)right;
  return (difference > 0) - (difference < 0);
}

static int read_command(struct Command* command, int rounds) {
  if (fgets(command->line, kLine, stdin) == NULL) return 0;
  command->line[strcspn(command->line, "\n")] = '\0';
  int count = 0;
  char* rest = command->line;
  for (char* word; count < kWords - 1 && (word = strsep(&rest, "\t")) != NULL;) {
    command->words[count++] = word;
  }
  command->times = calloc((size_t)rounds, sizeof(double));
  return count > 2 && command->times != NULL;
}

static int remove_below(const char* path, const struct stat* status, int kind, struct FTW* where) {
  (void)status;
  (void)kind;
  return where->level == 0 ? 0 : remove(path);
}

static size_t resident_pages(int file, size_t size) {
  size_t pages = (size + kPage - 1) / kPage, resident = 0;
  void* mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  unsigned char* present = malloc(pages);
  if (mapped == MAP_FAILED || present == NULL || mincore(mapped, size, present) != 0) return pages;
  for (size_t i = 0; i < pages; ++i) resident += present[i] & 1;
  free(present);
  munmap(mapped, size);
  return resident;
}

static int evict(const char* path, const struct stat* status, int kind, struct FTW* where) {
  (void)where;
  if (kind != FTW_F || !S_ISREG(status->st_mode) || status->st_size == 0) return 0;
  int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  size_t left = 1;
  // What is still being read ahead cannot go yet.
  for (int attempt = 0; file >= 0 && left != 0 && attempt < kAttempts; ++attempt) {
    if (attempt > 0) usleep(1000);
    if (fdatasync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0) break;
    left = resident_pages(file, (size_t)status->st_size);
  }
  close(file);
  if (left != 0) fprintf(stderr, "%s: %zu pages stay in the page cache\n", path, left);
  return left != 0;
}

static int prepare(const char* before, const struct Command* command) {
  if (before == NULL) return 0;
  if (before[0] == '/') return nftw(before, remove_below, kOpenFolders, FTW_DEPTH | FTW_PHYS);
  return nftw(command->words[1], evict, kOpenFolders, FTW_MOUNT | FTW_PHYS);
}

static int run(const struct Command* command, double* taken) {
  const char* root = command->words[1];
  double start = now();
  pid_t child = vfork();
  if (child == 0) {
    if (strcmp(root, "-") != 0 && (chroot(root) != 0 || chdir("/") != 0)) _exit(98);
    execv(command->words[2], command->words + 2);
    _exit(99);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  *taken = now() - start;
  return status;
}

int main(int argc, char** argv) {
  static struct Command commands[kCommands];
  int rounds = argc > 1 ? atoi(argv[1]) : 0, count = 0;
  const char* before = argc > 2 ? argv[2] : NULL;
  if (rounds < 1 || (before != NULL && before[0] != '/' && strcmp(before, "cold") != 0)) return 2;
  while (count < kCommands && read_command(&commands[count], rounds)) ++count;
  int output = dup(1), nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  fcntl(output, F_SETFD, FD_CLOEXEC);
  dup2(nowhere, 0);
  dup2(nowhere, 1);
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < count; ++i) {
      if (prepare(before, &commands[i]) != 0) return 1;
      int status = run(&commands[i], &commands[i].times[round]);
      if (round == 0 && status != 0) {
        fprintf(stderr, "%s: status %x\n", commands[i].words[0], (unsigned)status);
        return 1;
      }
    }
  }
  for (int i = 0; i < count; ++i) {
    qsort(commands[i].times, (size_t)rounds, sizeof(double), compare);
    dprintf(output, "%s\t%.3f\t%.3f\n", commands[i].words[0], commands[i].times[rounds / 2],
            commands[i].times[0]);
  }
  return 0;
}
