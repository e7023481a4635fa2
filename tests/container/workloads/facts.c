// Everything a process inherits, printed: whatever starts the program must not change any of it.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_status(void) {
  static const char* const wanted[] = {
      "Umask",      "Tgid",    "PPid",           "Uid",    "Gid",    "Groups", "Threads", "SigPnd",
      "ShdPnd",     "SigBlk",  "SigIgn",         "SigCgt", "CapPrm", "CapEff", "CapBnd",  "CapAmb",
      "NoNewPrivs", "Seccomp", "Seccomp_filters"};
  FILE* file = fopen("/proc/self/status", "re");
  char line[512];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    size_t length = strcspn(line, ":");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; ++i) {
      if (strlen(wanted[i]) == length && memcmp(line, wanted[i], length) == 0) fputs(line, stdout);
    }
  }
  if (file != NULL) fclose(file);
}

static void print_descriptors(void) {
  for (int number = 0; number < 4096; ++number) {
    struct stat status;
    if (fstat(number, &status) != 0) continue;
    printf("descriptor %d: kind %o flags %x close on exec %d\n", number,
           (unsigned)(status.st_mode & S_IFMT), (unsigned)fcntl(number, F_GETFL),
           fcntl(number, F_GETFD) & FD_CLOEXEC);
  }
}

int main(int argc, char** argv, char** environment) {
  char folder[4096];
  printf("pid %d, parent %d, group %d, session %d\n", getpid(), getppid(), getpgrp(), getsid(0));
  for (int i = 0; i < argc; ++i) printf("argument %d: %s\n", i, argv[i]);
  for (char** entry = environment; *entry != NULL; ++entry) printf("variable %s\n", *entry);
  printf("folder %s\n", getcwd(folder, sizeof folder) != NULL ? folder : "unknown");
  print_descriptors();
  print_status();
  for (int limit = 0; limit < (int)RLIM_NLIMITS; ++limit) {
    struct rlimit value;
    getrlimit((__rlimit_resource_t)limit, &value);
    printf("limit %d: %lx %lx\n", limit, (unsigned long)value.rlim_cur,
           (unsigned long)value.rlim_max);
  }
  printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
  return 0;
}
