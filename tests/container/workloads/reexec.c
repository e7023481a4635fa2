// Runs itself again through /proc/self/exe, as busybox and containerd-shim do: in a child after
// fork, and at last in its own place, handing down a counter, a variable and a descriptor.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kHanded = 7, kRounds = 3 };

static void again(char* name, const char* role, int count) {
  char number[16], role_text[16];
  snprintf(number, sizeof number, "%d", count);
  snprintf(role_text, sizeof role_text, "%s", role);
  char* arguments[] = {name, role_text, number, NULL};
  execv("/proc/self/exe", arguments);
  perror("execv /proc/self/exe");
  _exit(99);
}

static int run_child(int count) {
  char name[32];
  snprintf(name, sizeof name, "child-%d", count);
  pid_t child = fork();
  if (child == 0) again(name, "child", count);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void hand_down(const char* text, size_t size) {
  int pair[2];
  if (pipe(pair) != 0 || write(pair[1], text, size) != (ssize_t)size) exit(98);
  dup2(pair[0], kHanded);
  close(pair[0]);
  close(pair[1]);
  setenv("HANDED", "a variable", 1);
}

int main(int argc, char** argv) {
  const char* role = argc > 1 ? argv[1] : "first";
  int count = argc > 2 ? atoi(argv[2]) : kRounds;
  if (role[0] == 'f') hand_down("a descriptor", 12);
  printf("%s is the %s at %d with %s\n", argv[0], role, count, getenv("HANDED"));
  fflush(stdout);
  if (role[0] == 'c') return 10 + count;
  if (count > 0) {
    printf("child ended with %d\n", run_child(count));
    fflush(stdout);
    again(argv[0], "next", count - 1);
  }
  char text[32] = "";
  printf("and handed down: %zd bytes, ", read(kHanded, text, sizeof text - 1));
  printf("%s\n", text);
  return 17;
}
