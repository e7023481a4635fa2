// Children by every call that starts one, from every state a program can put itself in: without an
// environment, without a descriptor, as another user. Prints one line a part; each says the same on
// every run. With an argument it is one of those children.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

#define TREE "/opt/tree"

static char* const kVersion[] = {"env", "--version", NULL};
static char* const kEmpty[] = {NULL};

static int exit_code(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Everything the bundle has to give to a process: 0, or the number of the first that is wrong.
static int look_around(void) {
  char text[16] = "";
  struct stat status;
  int file = open(TREE "/data.txt", O_RDONLY);
  if (file < 0 || read(file, text, 9) != 9 || strcmp(text, "some data") != 0) return 1;
  close(file);
  if (stat(TREE "/sub/inner.txt", &status) != 0 || status.st_size != 50000) return 2;
  DIR* directory = opendir(TREE);
  int names = 0;
  while (directory != NULL && readdir(directory) != NULL) ++names;
  if (names < 5) return 3;
  closedir(directory);
  if (dlopen("libz.so.1", RTLD_NOW) == NULL) return 4;
  if (readlink("/proc/self/exe", text, sizeof text) < 1 || text[0] != '/') return 5;
  return 0;
}

/// In a child: looks around, then executes a program of the bundle, which does so, too.
#define CHILD(part, prepare)                             \
  do {                                                   \
    fflush(stdout);                                      \
    pid_t child_ = fork();                               \
    if (child_ == 0) {                                   \
      prepare;                                           \
      int wrong_ = look_around();                        \
      if (wrong_ != 0) _exit(wrong_);                    \
      execl("/proc/self/exe", "children", "look", NULL); \
      _exit(99);                                         \
    }                                                    \
    printf("%s: exit %d\n", part, exit_code(child_));    \
  } while (0)

/// In a child: one way to execute env --version, whose words go nowhere.
#define EXECUTE(part, ...)                            \
  do {                                                \
    fflush(stdout);                                   \
    pid_t child_ = fork();                            \
    if (child_ == 0) {                                \
      freopen("/opt/out", "a", stdout);               \
      __VA_ARGS__;                                    \
      _exit(99);                                      \
    }                                                 \
    printf("%s: exit %d\n", part, exit_code(child_)); \
  } while (0)

static void without_environment(void) {
  CHILD("environment cleared", clearenv());
  EXECUTE("execve, no list of variables", execve("/usr/bin/env", kVersion, NULL));
  EXECUTE("execve, an empty list", execve("/usr/bin/env", kVersion, kEmpty));
  EXECUTE("own executable, no list of variables",
          execve("/proc/self/exe", (char*[]){"children", "look", NULL}, NULL));
}

static void without_descriptors(void) {
  CHILD("close_range from 3", close_range(3, ~0U, 0));
  CHILD("closefrom 0", closefrom(0));
  CHILD("close_range marks all to be closed", close_range(0, ~0U, CLOSE_RANGE_CLOEXEC));
}

static void as_another_user(void) {
  CHILD("setuid", setgroups(0, NULL); if (setgid(65534) != 0 || setuid(65534) != 0) _exit(98));
  CHILD("seteuid", if (setegid(65534) != 0 || seteuid(65534) != 0) _exit(98));
}

static void new_calls(void) {
  struct clone_args arguments = {.exit_signal = SIGCHLD};
  fflush(stdout);
  pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    int wrong = look_around();
    if (wrong != 0) _exit(wrong);
    execl("/proc/self/exe", "children", "look", NULL);
    _exit(99);
  }
  printf("clone3: exit %d\n", exit_code(child));
  EXECUTE("execveat, a path", execveat(AT_FDCWD, "/usr/bin/env", kVersion, environ, 0));
  EXECUTE("execveat, from a folder",
          execveat(open("/usr/bin", O_RDONLY | O_DIRECTORY), "env", kVersion, environ, 0));
  EXECUTE("execveat, a descriptor", execveat(open("/usr/bin/env", O_RDONLY | O_CLOEXEC), "",
                                             kVersion, environ, AT_EMPTY_PATH));
  EXECUTE("fexecve", fexecve(open("/usr/bin/env", O_RDONLY | O_CLOEXEC), kVersion, environ));
  EXECUTE("fexecve of itself", fexecve(open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
                                       (char*[]){"children", "look", NULL}, environ));
  EXECUTE("execvp", execvp("env", kVersion));
  EXECUTE("a folder", exit(execv(TREE, kVersion) == -1 && errno == EACCES ? 0 : 1));
  EXECUTE("no such program",
          exit(execv("/usr/bin/none", kVersion) == -1 && errno == ENOENT ? 0 : 1));
}

static void through_the_library(void) {
  pid_t child = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/opt/out", O_CREAT | O_WRONLY | O_APPEND, 0644);
  posix_spawn_file_actions_addopen(&actions, 0, TREE "/data.txt", O_RDONLY, 0);
  int error = posix_spawn(&child, "/usr/bin/env", &actions, NULL, kVersion, environ);
  printf("posix_spawn: %d, exit %d\n", error, exit_code(child));
  error = posix_spawnp(&child, "env", &actions, NULL, kVersion, environ);
  printf("posix_spawnp: %d, exit %d\n", error, exit_code(child));
  error = posix_spawn(&child, "/usr/bin/none", NULL, NULL, kVersion, environ);
  printf("posix_spawn of nothing: %s\n", strerror(error));
  fflush(stdout);
  int status = system("read line </opt/tree/data.txt; test \"$line\" = 'some data'");
  printf("system: exit %d\n", WEXITSTATUS(status));
  fflush(stdout);
  char text[64] = "";
  FILE* pipe = popen("read line; echo got $line; env -i /usr/bin/env A=b", "w");
  if (pipe != NULL) fputs("a line\n", pipe);
  printf("popen to: exit %d\n", pipe == NULL ? -1 : WEXITSTATUS(pclose(pipe)));
  pipe = popen("read line </opt/tree/data.txt; echo $line", "r");
  if (pipe != NULL) fgets(text, sizeof text, pipe);
  printf("popen from: exit %d, %s", pipe == NULL ? -1 : WEXITSTATUS(pclose(pipe)), text);
}

int main(int count, char** arguments) {
  (void)arguments;
  if (count > 1) return look_around();
  printf("at first: %d\n", look_around());
  without_environment();
  without_descriptors();
  as_another_user();
  new_calls();
  through_the_library();
  return 0;
}
