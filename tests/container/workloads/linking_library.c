// Compiled twice: as the library that linking.cc is linked with (LINKED), and as its plugin.
#include <sys/stat.h>

#ifdef LINKED
int old_version(void) { return 1; }
int new_version(void) { return 2; }
__asm__(".symver old_version, which_version@OLD");
__asm__(".symver new_version, which_version@@NEW");

static int chosen(void) { return 42; }
static int (*resolve(void))(void) { return chosen; }
int indirect(void) __attribute__((ifunc("resolve")));

// Static TLS: its place is fixed at start, at the same distance from every thread's pointer.
#define STATIC __thread __attribute__((tls_model("initial-exec"), aligned(64)))
STATIC int first_word = 3;
STATIC char between[64 * 1024] = {1};
STATIC int last_word = 4;
#else
static __thread int in_thread = 10;
static int in_all;
int count_thread(void) { return ++in_thread; }
int count(void) { return ++in_all; }
int size_of(const char* path) {
  struct stat status;
  return stat(path, &status) == 0 ? (int)status.st_size : -1;
}
#endif
