// Uses a file (argument 1) in every way a descriptor can be used, and prints what it sees.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;
static const char* path;
static char buffer[1 << 16];

static unsigned long sum_of(const char* bytes, long length, unsigned long sum) {
  for (long i = 0; i < length; i++) sum = sum * 31 + (unsigned char)bytes[i];
  return sum;
}

static void show(const char* what, long result) {
  if (result < 0) {
    printf("%s: %s\n", what, strerrorname_np(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

static void read_all(int file, const char* what, long chunk) {
  unsigned long sum = 0;
  long total = 0;
  for (long got; (got = read(file, buffer, chunk)) > 0; total += got) {
    sum = sum_of(buffer, got, sum);
  }
  printf("%s: %ld bytes, %lx\n", what, total, sum);
}

static void positions(int file, long size) {
  show("from the end", lseek(file, -10, SEEK_END));
  show("its last bytes", read(file, buffer, 100));
  show("behind the end", read(file, buffer, 100));
  show("far behind", lseek(file, size + 100, SEEK_SET));
  show("there", read(file, buffer, 100));
  show("on from here", lseek(file, -200, SEEK_CUR));
  show("before the beginning", lseek(file, -1, SEEK_SET));
  show("data", lseek(file, 5000, SEEK_DATA));
  show("hole", lseek(file, 5000, SEEK_HOLE));
  show("data behind the end", lseek(file, size, SEEK_DATA));
  show("no such whence", lseek(file, 0, 99));
  show("pread", pread(file, buffer, 1000, 4321));
  printf("%lx\n", sum_of(buffer, 1000, 0));
  show("pread at the end", pread(file, buffer, 1000, size - 7));
  show("pread behind it", pread(file, buffer, 1000, size + 7));
  show("pread before it", pread(file, buffer, 1000, -1));
  show("read to nowhere", pread(file, NULL, 1000, 0));
}

static void vectors(int file, long size) {
  struct iovec parts[3] = {{buffer, 10}, {buffer + 10, 0}, {buffer + 100, 2000}};
  lseek(file, 777, SEEK_SET);
  show("readv", readv(file, parts, 3));
  printf("%lx %lx\n", sum_of(buffer, 10, 0), sum_of(buffer + 100, 2000, 0));
  show("now at", lseek(file, 0, SEEK_CUR));
  show("preadv", preadv(file, parts, 3, size - 1000));
  printf("%lx %lx\n", sum_of(buffer, 10, 0), sum_of(buffer + 100, 990, 0));
  show("preadv2", preadv2(file, parts, 3, -1, 0));
  show("still at", lseek(file, 0, SEEK_CUR));
  show("too many", readv(file, parts, 5000));
  show("nowhere", readv(file, (struct iovec*)16, 1));
}

static void status(int file, long size) {
  struct stat by_path;
  struct stat by_descriptor;
  struct statx extended;
  show("stat", stat(path, &by_path));
  show("fstat", fstat(file, &by_descriptor));
  show("statx", statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &extended));
  printf("one file: %d, size: %d %d, regular: %d\n",
         by_path.st_ino == by_descriptor.st_ino && by_path.st_dev == by_descriptor.st_dev &&
             extended.stx_ino == by_path.st_ino,
         by_descriptor.st_size == size, (long)extended.stx_size == size,
         S_ISREG(by_descriptor.st_mode));
}

static void map(int file, long size) {
  char* bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (bytes == MAP_FAILED) {
    show("mmap", -1);
    return;
  }
  printf("mapped: %lx\n", sum_of(bytes, size, 0));
  int zeros = 1;
  for (long i = size; i % 4096 != 0; i++) zeros &= bytes[i] == 0;
  printf("zeros behind the end: %d\n", zeros);
  munmap(bytes, size);
  bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 8192);
  bytes[0]++;
  printf("mapped further on: %lx\n", sum_of(bytes, 4096, 0));
  show("shared to write",
       (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == -1 ? -1 : 0);
}

static void copies(int file) {
  lseek(file, 100, SEEK_SET);
  int second = dup(file);
  int third = fcntl(file, F_DUPFD_CLOEXEC, 50);
  int fourth = dup2(file, 77);
  int fifth = dup3(second, 78, O_CLOEXEC);
  printf("%d %d %d\n", third >= 50, fourth, fifth);
  read(second, buffer, 1000);
  printf("%lx\n", sum_of(buffer, 1000, 0));
  for (int i = 0; i < 4; i++) {
    int all[] = {file, third, fourth, fifth};
    show("shared", lseek(all[i], 0, SEEK_CUR));
  }
  close(second);
  show("closed", read(second, buffer, 10));
  if (fork() == 0) {
    lseek(file, 55, SEEK_SET);
    _exit(0);
  }
  wait(NULL);
  show("moved by a child", lseek(third, 0, SEEK_CUR));
  int other = open("/proc/self/cmdline", O_RDONLY);
  dup2(other, third);
  printf("another file now: %d\n", read(third, buffer, 3) == 3 && buffer[0] != 0);
  syscall(SYS_close_range, fourth, fifth, 0);
  int reused = fcntl(other, F_DUPFD, fourth);
  lseek(other, 0, SEEK_SET);
  printf("closed behind everybody's back: %d %d\n", reused == fourth,
         read(reused, buffer, 3) == 3 && lseek(reused, 0, SEEK_CUR) == 3);
  close(third);
  close(reused);
  close(other);
}

static void sending(int file, long size) {
  int out = open("/proc/self/exe", O_RDONLY);
  close(out);
  int pipes[2];
  pipe(pipes);
  lseek(file, size - 3000, SEEK_SET);
  show("sendfile", sendfile(pipes[1], file, NULL, 10000));
  show("got", read(pipes[0], buffer, sizeof buffer));
  printf("%lx\n", sum_of(buffer, 3000, 0));
  off_t offset = 12345;
  show("sendfile from", sendfile(pipes[1], file, &offset, 5000));
  printf("at %ld, %lx\n", (long)offset, sum_of(buffer, read(pipes[0], buffer, sizeof buffer), 0));
  show("position kept", lseek(file, 0, SEEK_CUR));
  offset = size + 5;
  show("from behind", sendfile(pipes[1], file, &offset, 5000));
}

static void names(int file) {
  char name[64];
  char target[1000] = {};
  sprintf(name, "/proc/self/fd/%d", file);
  readlink(name, target, sizeof target);
  printf("named %s\n", target);
  lseek(file, 500, SEEK_SET);
  int again = open(name, O_RDONLY);
  read_all(again, "opened by its number", 10000);
  show("where it was", lseek(file, 0, SEEK_CUR));
  struct stat by_name;
  struct stat by_descriptor;
  show("stat of the number", stat(name, &by_name));
  fstat(again, &by_descriptor);
  printf("the same: %d\n", by_name.st_ino == by_descriptor.st_ino);
  sprintf(name, "/proc/%d/fd/%d", getpid(), again);
  FILE* stream = fopen(name, "r");
  show("by the process's number", (long)fread(buffer, 1, 100, stream));
  fclose(stream);
  close(again);
  show("closed", open(name, O_RDONLY) < 0 ? -1 : 0);
}

static void forbidden(int file) {
  show("write", write(file, "x", 1));
  show("pwrite", pwrite(file, "x", 1, 0));
  show("ftruncate", ftruncate(file, 0));
  show("a directory", open(path, O_RDONLY | O_DIRECTORY) < 0 ? -1 : 0);
  printf("flags: %d %d\n", fcntl(file, F_GETFD), fcntl(file, F_GETFL) & O_ACCMODE);
}

static void with_stdio(void) {
  FILE* stream = fopen(path, "re");
  fseek(stream, 123456, SEEK_SET);
  show("fread", (long)fread(buffer, 1, 5000, stream));
  printf("%lx at %ld\n", sum_of(buffer, 5000, 0), ftell(stream));
  fseek(stream, -1, SEEK_END);
  show("last", fgetc(stream));
  show("none", fgetc(stream) == EOF ? 0 : 1);
  fclose(stream);
}

static void children(const char* self, int file) {
  fflush(stdout);
  lseek(file, 1000, SEEK_SET);
  char* arguments[] = {(char*)self, (char*)path, "standard input", NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file, 0);
  pid_t child;
  show("spawn", posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ));
  waitpid(child, NULL, 0);
  show("the parent's own", lseek(0, 0, SEEK_CUR) >= 0 || errno == ESPIPE ? 0 : -1);
  if (fork() == 0) {
    lseek(file, 2000, SEEK_SET);
    dup2(file, 0);
    close(file);
    execve("/proc/self/exe", arguments, environ);
    _exit(1);
  }
  wait(NULL);
}

int main(int count, char** arguments) {
  (void)count;
  path = arguments[1];
  if (arguments[2] != NULL) {
    read_all(0, arguments[2], 30000);
    return 0;
  }
  int file = open(path, O_RDONLY);
  struct stat of_path;
  stat(path, &of_path);
  read_all(file, "in odd pieces", 12345);
  positions(file, of_path.st_size);
  vectors(file, of_path.st_size);
  status(file, of_path.st_size);
  map(file, of_path.st_size);
  copies(file);
  sending(file, of_path.st_size);
  names(file);
  forbidden(file);
  with_stdio();
  children(arguments[0], file);
  int many[100];
  for (int i = 0; i < 100; i++) many[i] = open(path, O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < 100; i++) lseek(many[i], i * 1000, SEEK_SET);
  unsigned long sum = 0;
  for (int i = 0; i < 100; i++) sum = sum_of(buffer, read(many[i], buffer, 100), sum);
  printf("a hundred times: %lx\n", sum);
  return 0;
}
