// The smallest dynamic program: both streams, an argument, and a status of its own.
#include <stdio.h>

int main(int argc, char** argv) {
  printf("hello, %s\n", argc > 1 ? argv[1] : "nobody");
  fprintf(stderr, "on standard error\n");
  return 3;
}
