// A library that the bundle knows nothing of, or that is in it: says where it was loaded from.
#include <dlfcn.h>
#include <stdio.h>

static int mark;

__attribute__((constructor)) static void say(void) {
  Dl_info info;
  if (dladdr(&mark, &info) != 0) printf("guest: %s\n", info.dli_fname);
}
