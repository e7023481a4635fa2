// Hands system calls pointers that cannot be read or written, and prints what each answers.
// Argument 1: a file, 2: a symbolic link, 3: a directory.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHOW(call)                                                               \
  do {                                                                           \
    errno = 0;                                                                   \
    long result = (long)(call);                                                  \
    printf("%s: %s\n", #call, result < 0 ? strerrorname_np(errno) : "no error"); \
  } while (0)

static char* closed;      // may not be touched
static char* fixed_page;  // may only be read
static char* ends;        // the last byte before what may not be touched

static void paths(void) {
  char* wild[] = {NULL,         (char*)1,  (char*)0xfff,          closed,
                  closed + 100, (char*)-1, (char*)0x7ffffffff000, (char*)0x8000000000000000,
                  ends};
  for (unsigned i = 0; i < sizeof wild / sizeof *wild; i++) {
    SHOW(open(wild[i], O_RDONLY));
    SHOW(syscall(SYS_open, wild[i], O_RDONLY));
    SHOW(access(wild[i], R_OK));
    SHOW(syscall(SYS_stat, wild[i], closed));
    SHOW(readlink(wild[i], ends - 100, 50));
    SHOW(chdir(wild[i]));
    SHOW(mkdir(wild[i], 0755));
    SHOW(rename(wild[i], "/tmp/x"));
    SHOW(rename("/tmp/x", wild[i]));
    SHOW(unlink(wild[i]));
    SHOW(truncate(wild[i], 0));
    SHOW(syscall(SYS_execve, wild[i], NULL, NULL));
  }
}

static void buffers(const char* file, const char* link) {
  char* bad[] = {NULL, closed, ends, ends - 60, fixed_page};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    SHOW(syscall(SYS_stat, file, bad[i]));
    SHOW(syscall(SYS_lstat, link, bad[i]));
    SHOW(syscall(SYS_newfstatat, AT_FDCWD, file, bad[i], 0));
    SHOW(syscall(SYS_statx, AT_FDCWD, file, 0, STATX_BASIC_STATS, bad[i]));
    SHOW(syscall(SYS_statfs, file, bad[i]));
    SHOW(syscall(SYS_readlink, link, bad[i], 4000));
    SHOW(syscall(SYS_readlink, link, bad[i], 1));
    SHOW(syscall(SYS_readlink, "/proc/self/exe", bad[i], 4000));
    SHOW(syscall(SYS_getcwd, bad[i], 4000));
    SHOW(syscall(SYS_openat2, AT_FDCWD, file, bad[i], 24));
    int opened = open(file, O_RDONLY);
    SHOW(syscall(SYS_fstat, opened, bad[i]));
    SHOW(read(opened, bad[i], 3000));
    close(opened);
  }
  SHOW(syscall(SYS_readlink, link, ends, 1));
}

static void others(const char* file, const char* directory) {
  char** wild = (char**)closed;
  SHOW(syscall(SYS_execve, file, wild, NULL));
  SHOW(syscall(SYS_execve, "/proc/self/exe", wild, NULL));
  SHOW(syscall(SYS_execve, "/proc/self/exe", NULL, wild));
  int opened = open(directory, O_RDONLY | O_DIRECTORY);
  SHOW(syscall(SYS_getdents64, opened, closed, 4096));
  SHOW(syscall(SYS_getdents64, opened, fixed_page, 4096));
  int plug = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(connect(plug, (struct sockaddr*)closed, 20));
  SHOW(bind(plug, (struct sockaddr*)ends, 20));
}

int main(int count, char** arguments) {
  (void)count;
  char* pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(pages, 'x', 3 * 4096);
  closed = pages + 4096;
  fixed_page = pages + 2 * 4096;
  ends = closed - 1;
  mprotect(closed, 4096, PROT_NONE);
  mprotect(fixed_page, 4096, PROT_READ);
  paths();
  buffers(arguments[1], arguments[2]);
  others(arguments[1], arguments[3]);
  // A path that reaches over the end of its page, and one that ends with it.
  char* across = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct stat status;
  for (int before = 1; before < 20; before++) {
    strcpy(across + 4096 - before, arguments[1]);
    SHOW(stat(across + 4096 - before, &status));
    strcpy(across + 4096 - before, "/no/such/file");
    SHOW(stat(across + 4096 - before, &status));
  }
  return 0;
}
