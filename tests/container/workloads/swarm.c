// swarm COUNT PROGRAM ARG…: starts COUNT copies at once and tells whether all ended alike. Linked
// statically, so that it runs in the container beside the bundle that it starts.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMost = 400, kOutput = 4096 };

static int start(char** command, const int gate[2]) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) return -1;
  if (fork() == 0) {
    char token;
    close(gate[1]);
    dup2(pair[1], 1);
    dup2(pair[1], 2);
    if (read(gate[0], &token, 1) != 0) _exit(98);
    execv(command[0], command);
    _exit(99);
  }
  close(pair[1]);
  return pair[0];
}

int main(int argc, char** argv) {
  static int outputs[kMost];
  static char first[kOutput + 1], other[kOutput + 1];
  int count = argc > 2 ? atoi(argv[1]) : 0, gate[2], alike = 0;
  if (count < 1 || count > kMost || pipe2(gate, O_CLOEXEC) != 0) return 2;
  for (int i = 0; i < count; ++i) outputs[i] = start(argv + 2, gate);
  close(gate[1]);
  for (int i = 0; i < count; ++i) {
    char* text = i == 0 ? first : other;
    memset(text, 0, kOutput);
    for (size_t used = 0; used < kOutput;) {
      ssize_t got = read(outputs[i], text + used, kOutput - used);
      if (got <= 0) break;
      used += (size_t)got;
    }
    alike += strcmp(first, text) == 0;
    if (strcmp(first, text) != 0) fprintf(stderr, "different: %s", text);
  }
  int status = 0, statuses_alike = 0, expected = -1;
  while (wait(&status) > 0) {
    if (expected == -1) expected = status;
    statuses_alike += status == expected;
  }
  printf("%d of %d outputs alike, %d statuses alike (%d)\n%s", alike, count, statuses_alike,
         WIFEXITED(expected) ? WEXITSTATUS(expected) : -1, first);
  return alike == count && statuses_alike == count ? 0 : 1;
}
