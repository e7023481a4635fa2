// Children that share their parent's memory go elsewhere; the parent stays where it is.
// Argument 1: a directory, 2: another one, 3: the name of a file in the first.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;
static char place[1000];

static void where(const char* who, const char* name) {
  char* here = getcwd(place, sizeof place);
  printf("%s: %s, the file is %s\n", who, here != NULL ? here : strerrorname_np(errno),
         access(name, R_OK) == 0 ? "there" : "not there");
  fflush(stdout);
}

static void children(char** arguments) {
  char* again[] = {arguments[0], arguments[1], arguments[2], arguments[3], "child", NULL};
  if (vfork() == 0) {
    chdir(arguments[2]);
    _exit(0);
  }
  wait(NULL);
  where("behind a vfork", arguments[3]);
  if (vfork() == 0) {
    chdir(arguments[2]);
    execve("/proc/self/exe", again, environ);
    _exit(1);
  }
  wait(NULL);
  where("behind a vfork and exec", arguments[3]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, arguments[1]);
  pid_t child;
  posix_spawn(&child, "/proc/self/exe", &actions, NULL, again, environ);
  wait(NULL);
  where("behind a spawn", arguments[3]);
  if (fork() == 0) {
    chdir(arguments[2]);
    where("a forked child", arguments[3]);
    if (fork() == 0) {
      where("its own child", arguments[3]);
      _exit(0);
    }
    wait(NULL);
    execve("/proc/self/exe", again, environ);
    _exit(1);
  }
  wait(NULL);
  where("behind a fork", arguments[3]);
}

int main(int count, char** arguments) {
  if (count > 4) {
    where("  child", arguments[3]);
    return 0;
  }
  where("at first", arguments[3]);
  children(arguments);
  chdir(arguments[1]);
  where("in the first", arguments[3]);
  children(arguments);
  chdir("/proc");
  where("outside", arguments[3]);
  children(arguments);
  chdir("..");
  where("back", arguments[3]);
  return 0;
}
