// Waits, or dies, where a debugger then looks: its own frames below those of a library.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

__attribute__((noinline)) static int inner(const char* how) {
  if (strcmp(how, "crash") == 0) {
    volatile int* nowhere = NULL;
    return *nowhere;
  }
  if (strcmp(how, "open") == 0) return open("fifo", O_RDONLY);
  if (strcmp(how, "poll") == 0) return poll(NULL, 0, -1);
  char byte;
  return (int)read(STDIN_FILENO, &byte, 1);
}

__attribute__((noinline)) static int outer(const char* how) { return inner(how) + 1; }

int main(int count, char** arguments) {
  printf("zlib %s\n", zlibVersion());
  fflush(stdout);
  return count == 2 ? outer(arguments[1]) : 1;
}
