// Ends in the way its argument says. `sweep` runs itself once for every signal, as a child, and
// prints how each ended; the others end this very process, which is PID 1 in a container.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int sweep(void) {
  for (int number = 1; number < NSIG; ++number) {
    if (number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) continue;
    pid_t child = fork();
    if (child == 0) {
      char text[16];
      snprintf(text, sizeof text, "%d", number);
      execl("/proc/self/exe", "die", "raise", text, (char*)NULL);
      _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("signal %d: %s %d\n", number, WIFSIGNALED(status) ? "killed by" : "exit",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
  return 0;
}

int main(int argc, char** argv) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const char* how = argc > 1 ? argv[1] : "";
  volatile int zero = 0;
  if (strcmp(how, "sweep") == 0) return sweep();
  if (strcmp(how, "raise") == 0) raise(atoi(argv[2]));
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "segv") == 0) *(volatile int*)(long)zero = 1;
  if (strcmp(how, "fpe") == 0) return 1 / zero;
  if (strcmp(how, "ill") == 0) __asm__ volatile("ud2");
  if (strcmp(how, "trap") == 0) __asm__ volatile("int3");
  if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
  printf("still alive after %s\n", how);
  return 42;
}
