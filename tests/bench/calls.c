// calls CONTAINER_FILE BUNDLED_FILE ADDED_FILE MISSING_FILE: what the calls of a running program
// cost. Prints a call a line: NAME, a tab, nanoseconds a call (the median of many short batches, so
// that a batch that was interrupted does not count).
//
// The files: one that only the container has (1 MB or more), one that the bundle has below /usr or
// the like, one that was brought by --add-data (a container's file would win), and a name that
// nobody has, in a directory that the bundle knows. Natively all of them are plain files.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { kBatches = 41, kCalls = 400, kPiece = 4096 };

static double nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void* left, const void* right) {
  double difference = *(const double*)left - *(const double*)right;
  return (difference > 0) - (difference < 0);
}

static void check(int holds, const char* what) {
  if (holds) return;
  perror(what);
  exit(1);
}

// One call each; `path` is the file it is about.
static void open_close(const char* path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  check(file >= 0 && close(file) == 0, path);
}
static void open_missing(const char* path) { check(open(path, O_RDONLY) < 0, path); }
static void stat_found(const char* path) {
  struct stat status;
  check(stat(path, &status) == 0, path);
}
static void stat_missing(const char* path) {
  struct stat status;
  check(stat(path, &status) != 0, path);
}
static void read_piece(const char* path) {
  static int file = -1;
  static char piece[kPiece];
  if (file < 0) check((file = open(path, O_RDONLY | O_CLOEXEC)) >= 0, path);
  ssize_t size = read(file, piece, sizeof piece);
  if (size == 0) size = lseek(file, 0, SEEK_SET);  // once in 256 times
  check(size >= 0, path);
}
static void read_whole(const char* path) {
  static char piece[kPiece];
  int file = open(path, O_RDONLY | O_CLOEXEC);
  check(file >= 0 && read(file, piece, sizeof piece) > 0 && close(file) == 0, path);
}
static void nothing(const char* path) {
  (void)path;
  getppid();  // a system call that carries no path
}

static void measure(const char* name, void (*call)(const char*), const char* path) {
  double batches[kBatches];
  call(path);
  for (int batch = 0; batch < kBatches; ++batch) {
    double start = nanoseconds();
    for (int i = 0; i < kCalls; ++i) call(path);
    batches[batch] = (nanoseconds() - start) / kCalls;
  }
  qsort(batches, kBatches, sizeof(double), compare);
  printf("%s\t%.1f\n", name, batches[kBatches / 2]);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const char *container = argv[1], *bundled = argv[2], *added = argv[3], *missing = argv[4];
  measure("getppid", nothing, container);
  measure("open+close, container file", open_close, container);
  measure("stat, container file", stat_found, container);
  measure("read 4 KB, container file", read_piece, container);
  measure("stat, bundled file", stat_found, bundled);
  measure("stat, missing file", stat_missing, missing);
  measure("open, missing file", open_missing, missing);
  measure("open+close, bundled 4 KB file", open_close, bundled);
  measure("open+read+close, bundled 4 KB file", read_whole, bundled);
  measure("stat, --add-data file", stat_found, added);
  measure("open+close, --add-data 4 KB file", open_close, added);
  return 0;
}
