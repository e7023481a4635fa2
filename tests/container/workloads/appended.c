// Reads what was appended to its own file, in every way that programs find themselves: as bun, .NET
// single files, PyInstaller and other self-extracting programs do. The trailer at the very end is
// the data's length in eight digits, so that everything is found from the end of the file.
//   appended [all|own]
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kDigits = 8, kMost = 1 << 21 };
static char data[kMost + 1];

static void report(const char* way, const char* how, long size) {
  unsigned long sum = 5381;
  for (long i = 0; i < size; ++i) sum = sum * 33 + (unsigned char)data[i];
  if (size < 0) printf("%s, %s: %s\n", way, how, strerror(errno));
  if (size >= 0) printf("%s, %s: %ld bytes, %lx\n", way, how, size, sum);
}

/// The length that the trailer says, -1 when there is none.
static long length_from(const char* digits) {
  char text[kDigits + 1] = "";
  memcpy(text, digits, kDigits);
  char* end = NULL;
  long length = strtol(text, &end, 10);
  errno = ENOEXEC;
  return end == text + kDigits && length <= kMost ? length : -1;
}

static long by_seeking(int file) {
  char digits[kDigits];
  if (lseek(file, -kDigits, SEEK_END) < 0 || read(file, digits, kDigits) != kDigits) return -1;
  long length = length_from(digits);
  if (length < 0 || lseek(file, -kDigits - length, SEEK_END) < 0) return -1;
  return read(file, data, length);
}

static long by_size(int file) {
  struct stat status;
  char digits[kDigits];
  if (fstat(file, &status) != 0) return -1;
  if (pread(file, digits, kDigits, status.st_size - kDigits) != kDigits) return -1;
  long length = length_from(digits);
  return length < 0 ? -1 : pread(file, data, length, status.st_size - kDigits - length);
}

static long by_mapping(int file) {
  struct stat status;
  if (fstat(file, &status) != 0) return -1;
  char* all = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  if (all == MAP_FAILED) return -1;
  long length = length_from(all + status.st_size - kDigits);
  if (length >= 0) memcpy(data, all + status.st_size - kDigits - length, length);
  munmap(all, status.st_size);
  return length;
}

static long by_vector(int file) {
  char digits[kDigits];
  struct iovec parts[2] = {{digits, 3}, {digits + 3, kDigits - 3}};
  int copy = dup(file);
  if (lseek(copy, -kDigits, SEEK_END) < 0 || readv(copy, parts, 2) != kDigits) return -1;
  long length = length_from(digits);
  if (length < 0 || lseek(copy, -kDigits - length, SEEK_END) < 0) return -1;
  parts[0] = (struct iovec){data, length};
  length = readv(copy, parts, 1);
  close(copy);
  return length;
}

static long by_stream(const char* path) {
  FILE* stream = fopen(path, "rb");
  char digits[kDigits];
  if (stream == NULL || fseek(stream, -kDigits, SEEK_END) != 0) return -1;
  if (fread(digits, 1, kDigits, stream) != kDigits) return -1;
  long length = length_from(digits);
  if (length < 0 || fseek(stream, -kDigits - length, SEEK_END) != 0) return -1;
  length = (long)fread(data, 1, length, stream);
  fclose(stream);
  return length;
}

static void read_path(const char* way, const char* path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return report(way, "open", -1);
  report(way, "seek", by_seeking(file));
  report(way, "size", by_size(file));
  report(way, "map", by_mapping(file));
  report(way, "vector", by_vector(file));
  close(file);
  report(way, "stream", by_stream(path));
}

/// Where the file of the main program ends by its segments: some look for data behind that.
static int find_main(struct dl_phdr_info* info, size_t size, void* path) {
  (void)size;
  *(const char**)path = info->dlpi_name[0] == 0 ? "/proc/self/exe" : info->dlpi_name;
  return 1;
}

/// As a shell does: the first of that name in PATH.
static const char* found_in_path(const char* name) {
  static char found[4096];
  char places[4096];
  if (strchr(name, '/') != NULL || getenv("PATH") == NULL) return name;
  snprintf(places, sizeof places, "%s", getenv("PATH"));
  for (char* place = strtok(places, ":"); place != NULL; place = strtok(NULL, ":")) {
    snprintf(found, sizeof found, "%s/%s", place, name);
    if (access(found, X_OK) == 0) return found;
  }
  return name;
}

/// `called`: also by the name it was called by, which leads to the bundle when that extracts
/// itself.
static void read_all(char** argv, int called) {
  static char linked[4096];
  static char numbered[64];
  const char* main_name = NULL;
  Dl_info info = {0};
  read_path("/proc/self/exe", "/proc/self/exe");
  snprintf(numbered, sizeof numbered, "/proc/%d/exe", (int)getpid());
  read_path("/proc/PID/exe", numbered);
  if (readlink("/proc/self/exe", linked, sizeof linked - 1) > 0) read_path("readlink", linked);
  read_path("realpath", realpath("/proc/self/exe", NULL));
  read_path("AT_EXECFN", (const char*)getauxval(AT_EXECFN));
  dl_iterate_phdr(find_main, &main_name);
  read_path("dl_iterate_phdr", main_name);
  if (!called) return;
  read_path("argv[0]", found_in_path(argv[0]));
  if (dladdr((void*)read_all, &info) != 0) read_path("dladdr", found_in_path(info.dli_fname));
}

int main(int argc, char** argv) {
  const char* which = argc > 1 ? argv[1] : "all";
  read_all(argv, strcmp(which, "all") == 0);
  if (argc > 2) return 0;
  fflush(stdout);
  // Again as its own child.
  pid_t child = fork();
  if (child == 0) {
    const char* path = strcmp(which, "all") == 0 ? found_in_path(argv[0]) : "/proc/self/exe";
    execv(path, (char*[]){(char*)path, (char*)which, "again", NULL});
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("and its child: %d\n", WEXITSTATUS(status));
  return 0;
}
