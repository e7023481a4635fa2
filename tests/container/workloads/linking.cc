// What a dynamic linker can be asked for: symbol versions, indirect functions, static and dynamic
// TLS, another namespace, $ORIGIN, alignments above a page; and what it says of itself afterwards.
// Built with LIBRARIES, the folder of its libraries (linking_library.c), in $ORIGIN/linking.d.
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
int which_version();                            // of the library linked with: its default version
int indirect();                                 // an IFUNC of the library
extern thread_local int first_word, last_word;  // of 4 KB, initial-exec
}

namespace {

// An IFUNC of the program itself.
int chosen() { return 7; }
}  // namespace
extern "C" int (*resolve_own())() { return chosen; }
extern "C" int own_indirect() __attribute__((ifunc("resolve_own")));

namespace {

template <typename Function>
Function* function(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

void* load(const char* name) {
  void* library = dlopen(name, RTLD_NOW);
  if (library == nullptr) std::printf("dlopen: %s\n", dlerror());
  return library;
}

void* touch_thread_words(void*) {
  int sum = first_word + last_word;
  first_word = 99;
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(sum));
}

void versions() {
  void* library = load(LIBRARIES "/liblinked.so.1");
  auto* old = reinterpret_cast<int (*)()>(dlvsym(library, "which_version", "OLD"));
  std::printf("versions: default %d, OLD %d, absent %s\n", which_version(), old ? old() : -1,
              dlvsym(library, "which_version", "NEVER") == nullptr ? "absent" : "found");
  std::printf("indirect functions: %d, %d\n", indirect(), own_indirect());
}

void thread_storage() {
  pthread_t thread;
  void* sum = nullptr;
  first_word += 1;
  pthread_create(&thread, nullptr, touch_thread_words, nullptr);
  pthread_join(thread, &sum);
  std::printf("initial-exec TLS: %d here, %d in a thread\n", first_word + last_word,
              static_cast<int>(reinterpret_cast<std::intptr_t>(sum)));
  void* library = load("$ORIGIN/linking.d/libplugin.so");
  if (library == nullptr) return;
  auto* count = function<int()>(library, "count_thread");
  const int once = count();
  std::printf("TLS of a plugin: %d %d\n", once, count());
  Dl_info where;
  dladdr(dlsym(library, "count_thread"), &where);
  std::printf("the plugin's path: %s\n", std::strrchr(where.dli_fname, '/') + 1);
}

void namespaces() {
  const char* path = LIBRARIES "/libplugin.so";
  void* here = load(path);
  void* there = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
  if (there == nullptr) {
    std::printf("dlmopen: %s\n", dlerror());
    return;
  }
  function<int()>(here, "count")();
  std::printf("counters: %d here", function<int()>(here, "count")());
  std::printf(", %d in a namespace of its own\n", function<int()>(there, "count")());
  std::printf("the plugin's file seen from there: %s\n",
              function<int(const char*)>(there, "size_of")(path) > 4096 ? "yes" : "NO");
}

int list(dl_phdr_info* info, std::size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || header.p_align <= 4096) continue;
    const std::uintptr_t at = info->dlpi_addr + header.p_vaddr;
    const bool aligned = (at - header.p_offset) % header.p_align == 0;
    const char* name = std::strrchr(info->dlpi_name, '/');
    std::printf("aligned to %lu: %s %s\n", static_cast<unsigned long>(header.p_align),
                name != nullptr ? name + 1 : "program", aligned ? "yes" : "NO");
    break;
  }
  return 0;
}

int compare(const void*, const void*) {
  static bool said = false;
  if (said) return 0;
  said = true;
  void* frames[32];
  const int count = backtrace(frames, 32);
  char** names = backtrace_symbols(frames, count);
  bool sorter = false;
  bool program = false;
  for (int i = 0; i < count; ++i) {
    sorter = sorter || std::strstr(names[i], "/libc.so.6(qsort") != nullptr;
    program = program || std::strstr(names[i], "(main+") != nullptr;
  }
  std::printf("backtrace from a callback: qsort %s, main %s\n", sorter ? "yes" : "NO",
              program ? "yes" : "NO");
  std::free(names);
  return 0;
}

}  // namespace

int main() {
  versions();
  thread_storage();
  namespaces();
  dl_iterate_phdr(list, nullptr);
  int numbers[] = {3, 2, 1};
  std::qsort(numbers, 3, sizeof numbers[0], compare);
  return 0;
}
