// A server's way to stop: SIGTERM arrives while it waits, it says goodbye and leaves a status.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int number) { caught = number; }

int main(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  sigaction(SIGTERM, &action, NULL);
  printf("ready\n");
  fflush(stdout);
  while (caught == 0) sigsuspend(&before);
  printf("signal %d, goodbye\n", (int)caught);
  return 9;
}
