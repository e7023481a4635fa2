// Who the program thinks it is.
#include <errno.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  char path[4096] = "", comm[17] = "";
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  prctl(PR_GET_NAME, comm);
  printf("argc %d argv[0] %s\n", argc, argv[0]);
  printf("/proc/self/exe (%zd) %s\n", length, path);
  printf("comm %s\n", comm);
  printf("AT_EXECFN %s\n", (const char*)getauxval(AT_EXECFN));
  printf("program_invocation_short_name %s\n", program_invocation_short_name);
  return 0;
}
