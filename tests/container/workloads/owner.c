// Whatever uid it runs as, there is an entry for it, as for a user that Docker made up.
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const struct passwd* user = getpwuid(getuid());
  const struct group* group = getgrgid(getgid());
  printf("user entry: %s\n", user != NULL && user->pw_uid == getuid() ? "yes" : "no");
  printf("group entry: %s\n", group != NULL && group->gr_gid == getgid() ? "yes" : "no");
  user = getpwnam(argc > 1 ? argv[1] : "root");
  printf("named: %s\n", user != NULL ? user->pw_gecos : "absent");
  return 0;
}
