// Opens a plugin long after the start, by the absolute path compiled in, and one that is not there.
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
  void* plugin = dlopen(PLUGIN, RTLD_NOW);
  if (plugin == NULL) {
    printf("dlopen: %s\n", dlerror());
    return 1;
  }
  int (*value)(void) = (int (*)(void))dlsym(plugin, "plugin_value");
  if (value == NULL) return 1;
  printf("the plugin says %d\n", value());
  Dl_info where;
  printf("dladdr: %s\n", dladdr((void*)value, &where) != 0 ? where.dli_fname : "unknown");
  printf("absent: %s\n", dlopen("/nowhere/absent.so", RTLD_NOW) == NULL ? dlerror() : "found");
  return dlclose(plugin);
}
