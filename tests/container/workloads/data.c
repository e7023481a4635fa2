// Reads a bundled folder in every plain way: open, stat, access, mmap, links, relative names.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_file(const char* path) {
  FILE* file = fopen(path, "re");
  char line[128] = "";
  if (file == NULL) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  if (fgets(line, sizeof line, file) != NULL) printf("%s: %s", path, line);
  fclose(file);
}

static void print_status(const char* path) {
  struct stat by_name, by_descriptor;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || stat(path, &by_name) != 0 || fstat(descriptor, &by_descriptor) != 0) {
    printf("%s: %s\n", path, strerror(errno));
    return;
  }
  printf("%s: size %lld, mode %o, same inode %d\n", path, (long long)by_name.st_size,
         (unsigned)by_name.st_mode,
         by_name.st_ino == by_descriptor.st_ino && by_name.st_dev == by_descriptor.st_dev);
  close(descriptor);
}

static unsigned checksum(const char* path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0) return 0;
  size_t size = (size_t)status.st_size;
  const unsigned char* bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED) return 0;
  unsigned mapped = 0, streamed = 0;
  for (size_t i = 0; i < size; ++i) mapped = mapped * 31 + bytes[i];
  munmap((void*)bytes, size);
  unsigned char buffer[1000];
  for (ssize_t got; (got = read(descriptor, buffer, sizeof buffer)) > 0;) {
    for (ssize_t i = 0; i < got; ++i) streamed = streamed * 31 + buffer[i];
  }
  off_t end = lseek(descriptor, 0, SEEK_END);
  close(descriptor);
  return mapped == streamed && end == (off_t)size ? mapped : 0;
}

/// A link itself as a descriptor, as systemd, Emacs and file managers look at files.
static void print_link_descriptor(int folder, const char* name, int flags) {
  int link = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);
  char target[256] = "", byte;
  struct stat status = {0};
  struct statx more = {0};
  if (link < 0) {
    printf("descriptor of %s: %s\n", name, strerror(errno));
    return;
  }
  int looked = fstat(link, &status) | statx(link, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &more);
  ssize_t length = readlinkat(link, "", target, sizeof target - 1);
  printf("descriptor of %s: %d, mode %o %o, size %lld, (%zd) %s\n", name, looked,
         (unsigned)status.st_mode, (unsigned)more.stx_mode, (long long)status.st_size, length,
         length < 0 ? strerror(errno) : target);
  ssize_t got = read(link, &byte, 1);
  printf("read from it %zd %s\n", got, got < 0 ? strerror(errno) : "");
  int below = openat(link, "x", O_RDONLY | O_CLOEXEC);
  printf("below it %d %s\n", below, strerror(errno));
  close(link);
}

int main(void) {
  char target[256] = "", real[4096] = "";
  print_file(FOLDER "/app.conf");
  print_file(FOLDER "/deeper/second.conf");
  print_file(FOLDER "/absent.conf");
  print_file(FOLDER "/app.conf/below-a-file");
  print_status(FOLDER "/numbers");
  print_status(FOLDER "/link");
  printf("checksum %u\n", checksum(FOLDER "/numbers"));
  ssize_t length = readlink(FOLDER "/link", target, sizeof target - 1);
  printf("link (%zd) %s\n", length, target);
  printf("realpath %s\n", realpath(FOLDER "/link", real) != NULL ? real : strerror(errno));
  printf("access %d %d\n", access(FOLDER "/app.conf", R_OK), access(FOLDER "/absent", F_OK));
  int folder = open(FOLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);
  printf("openat through a folder %d\n",
         folder >= 0 && openat(folder, "deeper/second.conf", O_RDONLY | O_CLOEXEC) >= 0);
  print_link_descriptor(folder, "link", 0);
  print_link_descriptor(folder, "link", O_DIRECTORY);
  print_link_descriptor(folder, "app.conf", 0);
  print_link_descriptor(folder, "deeper", 0);
  return 0;
}
