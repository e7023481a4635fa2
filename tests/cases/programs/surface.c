// Makes every kind of path call on bundled files, on names beside them and on new names, and prints
// what each answers. The expected answers are in surface.expected.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#define TREE "/opt/tree"
#define SHOW(call)                                                         \
  do {                                                                     \
    errno = 0;                                                             \
    long result = (long)(call);                                            \
    printf("%s: %s\n", #call, result < 0 ? strerrorname_np(errno) : "ok"); \
  } while (0)

static struct stat status;
static struct statfs file_system;
static char text[300];

static void make_and_take_away(void) {
  SHOW(mkdir(TREE, 0755));
  SHOW(mkdir(TREE "/sub/new", 0755));
  SHOW(open(TREE "/sub/new/file", O_CREAT | O_WRONLY, 0644));
  SHOW(open(TREE "/link/beside", O_CREAT | O_WRONLY, 0644));
  SHOW(stat(TREE "/sub/beside", &status));
  SHOW(unlink(TREE "/link/beside"));
  SHOW(unlink(TREE "/data.txt"));
  SHOW(rename(TREE "/data.txt", "/moved"));
  SHOW(rename(TREE "/sub/new/file", TREE "/data.txt"));
  SHOW(rename(TREE "/link/new/file", TREE "/link/new/other"));
  SHOW(link(TREE "/sub/new/other", TREE "/second"));
  SHOW(link(TREE "/sub/new/other", TREE "/data.txt"));
  SHOW(symlink("nowhere", TREE "/points"));
  SHOW(symlink("nowhere", TREE "/sub"));
  SHOW(readlink(TREE "/points", text, sizeof text));
  SHOW(readlink(TREE "/link", text, sizeof text));
  SHOW(readlink(TREE "/data.txt", text, sizeof text));
  SHOW(mknod(TREE "/pipe", S_IFIFO | 0644, 0));
  SHOW(rmdir(TREE "/sub"));
  SHOW(rmdir(TREE "/sub/new"));
  SHOW(unlink(TREE "/sub/new/other"));
  SHOW(rmdir(TREE "/sub/new"));
}

static void change(void) {
  SHOW(chmod(TREE "/data.txt", 0600));
  SHOW(chmod(TREE "/second", 0600));
  SHOW(chown(TREE "/data.txt", 0, 0));
  SHOW(truncate(TREE "/data.txt", 0));
  SHOW(truncate(TREE "/second", 0));
  SHOW(utimensat(AT_FDCWD, TREE "/data.txt", 0, 0));
  SHOW(utime(TREE "/second", 0));
  SHOW(utimes(TREE "/second", 0));
  SHOW(setxattr(TREE "/data.txt", "user.x", "y", 1, 0));
  SHOW(getxattr(TREE "/data.txt", "user.x", text, sizeof text));
  SHOW(listxattr(TREE "/data.txt", text, sizeof text));
  int file = open(TREE "/data.txt", O_RDONLY);
  SHOW(fchmod(file, 0600));
  SHOW(fchown(file, 0, 0));
  SHOW(futimens(file, 0));
  SHOW(ftruncate(file, 0));
  SHOW(fsetxattr(file, "user.x", "y", 1, 0));
  SHOW(fgetxattr(file, "user.x", text, sizeof text));
  SHOW(flistxattr(file, text, sizeof text));
  SHOW(close(file));
  SHOW(statfs(TREE "/sub", &file_system));
  SHOW(creat(TREE "/data.txt", 0644));
  SHOW(creat(TREE "/made", 0644));
}

static void open_bundled(void) {
  SHOW(open(TREE "/data.txt", O_RDONLY));
  SHOW(open(TREE "/data.txt", O_RDWR));
  SHOW(open(TREE "/data.txt", O_WRONLY | O_TRUNC));
  SHOW(open(TREE "/data.txt", O_CREAT | O_RDONLY, 0644));
  SHOW(open(TREE "/data.txt", O_CREAT | O_EXCL, 0644));
  SHOW(open(TREE "/data.txt", O_RDONLY | O_DIRECTORY));
  SHOW(open(TREE "/data.txt/", O_RDONLY));
  SHOW(open(TREE "/data.txt/more", O_RDONLY));
  SHOW(open(TREE "/link", O_RDONLY | O_NOFOLLOW));
  SHOW(open(TREE, O_WRONLY));
  SHOW(open(TREE "/nothing/file", O_CREAT, 0644));
  SHOW(access(TREE "/data.txt", R_OK));
  SHOW(access(TREE "/data.txt", W_OK));
  SHOW(access(TREE "/data.txt", X_OK));
  SHOW(faccessat(AT_FDCWD, TREE "/sub", X_OK, 0));
}

static void relative(void) {
  SHOW(chdir(TREE "/sub"));
  SHOW(open("inner.txt", O_RDONLY));
  SHOW(open("fresh", O_CREAT | O_WRONLY, 0644));
  SHOW(stat("fresh", &status));
  SHOW(stat("../data.txt", &status));
  SHOW(mkdir("folder", 0755));
  SHOW(chdir("folder"));
  puts(getcwd(text, sizeof text));
  SHOW(stat("../inner.txt", &status));
  SHOW(chdir(".."));
  puts(getcwd(text, sizeof text));
  int directory = open(".", O_RDONLY | O_DIRECTORY);
  SHOW(mkdirat(directory, "deep", 0755));
  SHOW(openat(directory, "deep/file", O_CREAT | O_WRONLY, 0644));
  SHOW(renameat(directory, "deep/file", directory, "deep/name"));
  SHOW(unlinkat(directory, "deep/name", 0));
  SHOW(unlinkat(directory, "deep", AT_REMOVEDIR));
  SHOW(unlinkat(directory, "inner.txt", 0));
  SHOW(fchmodat(directory, "fresh", 0600, 0));
  SHOW(symlinkat("target", directory, "points"));
  SHOW(linkat(directory, "fresh", directory, "again", 0));
  SHOW(faccessat(directory, "again", R_OK, 0));
  SHOW(fchdir(directory));
  puts(getcwd(text, sizeof text));
}

static void sockets_and_watches(void) {
  SHOW(inotify_add_watch(inotify_init(), TREE "/data.txt", IN_ALL_EVENTS));
  struct sockaddr_un address = {AF_UNIX, TREE "/link/socket"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(server, (void*)&address, sizeof address));
  SHOW(listen(server, 1));
  SHOW(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void*)&address, sizeof address));
}

static void wrong_pointers(void) {
  SHOW(open((char*)1, O_RDONLY));
  SHOW(open((char*)-1, O_RDONLY));
  SHOW(open("", O_RDONLY));
  SHOW(stat(0, &status));
  SHOW(stat(TREE, (void*)-1));
  SHOW(execve(0, 0, 0));
}

static void leave(void) {
  SHOW(chroot(TREE));
  SHOW(stat("/made", &status));
  SHOW(stat("/data.txt", &status));
  SHOW(stat(TREE "/data.txt", &status));
}

int main(void) {
  make_and_take_away();
  change();
  open_bundled();
  relative();
  sockets_and_watches();
  wrong_pointers();
  leave();
  return 0;
}
