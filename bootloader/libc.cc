// What the compiler and the zstd decoder expect of a C library.
#include <stddef.h>
#include <stdint.h>

#include "runtime/arch/x86_64/syscall.h"

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  void* result = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
  return result;
}

void* memset(void* to, int value, size_t size) {
  void* result = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
  return result;
}

void* memmove(void* to, const void* from, size_t size) {
  char* target = static_cast<char*>(to);
  const char* source = static_cast<const char*>(from);
  if (reinterpret_cast<uintptr_t>(target) - reinterpret_cast<uintptr_t>(source) >= size) {
    return memcpy(to, from, size);
  }
  while (size-- > 0) target[size] = source[size];
  return to;
}

int memcmp(const void* a, const void* b, size_t size) {
  const unsigned char* x = static_cast<const unsigned char*>(a);
  const unsigned char* y = static_cast<const unsigned char*>(b);
  for (size_t i = 0; i < size; ++i) {
    if (x[i] != y[i]) return x[i] - y[i];
  }
  return 0;
}

// Decoders are set up in memory of ours; a request for more is refused.
void* malloc(size_t) { return nullptr; }
void* calloc(size_t, size_t) { return nullptr; }
void free(void*) {}

[[noreturn]] void __stack_chk_fail() {
  scratchpack::sys(scratchpack::kSysExitGroup, 125);
  __builtin_unreachable();
}

// The decoders of zstd's formats before 1.0 (v0.5 to v0.7) stay out: nothing was ever packed so.
#define SCRATCHPACK_LEGACY(name) \
  void* name() { return nullptr; }
SCRATCHPACK_LEGACY(ZBUFFv05_createDCtx)
SCRATCHPACK_LEGACY(ZBUFFv05_decompressContinue)
SCRATCHPACK_LEGACY(ZBUFFv05_decompressInitDictionary)
SCRATCHPACK_LEGACY(ZBUFFv05_freeDCtx)
SCRATCHPACK_LEGACY(ZBUFFv06_createDCtx)
SCRATCHPACK_LEGACY(ZBUFFv06_decompressContinue)
SCRATCHPACK_LEGACY(ZBUFFv06_decompressInitDictionary)
SCRATCHPACK_LEGACY(ZBUFFv06_freeDCtx)
SCRATCHPACK_LEGACY(ZBUFFv07_createDCtx)
SCRATCHPACK_LEGACY(ZBUFFv07_decompressContinue)
SCRATCHPACK_LEGACY(ZBUFFv07_decompressInitDictionary)
SCRATCHPACK_LEGACY(ZBUFFv07_freeDCtx)
SCRATCHPACK_LEGACY(ZSTDv05_createDCtx)
SCRATCHPACK_LEGACY(ZSTDv05_decompress_usingDict)
SCRATCHPACK_LEGACY(ZSTDv05_findFrameSizeInfoLegacy)
SCRATCHPACK_LEGACY(ZSTDv05_freeDCtx)
SCRATCHPACK_LEGACY(ZSTDv05_getFrameParams)
SCRATCHPACK_LEGACY(ZSTDv06_createDCtx)
SCRATCHPACK_LEGACY(ZSTDv06_decompress_usingDict)
SCRATCHPACK_LEGACY(ZSTDv06_findFrameSizeInfoLegacy)
SCRATCHPACK_LEGACY(ZSTDv06_freeDCtx)
SCRATCHPACK_LEGACY(ZSTDv06_getFrameParams)
SCRATCHPACK_LEGACY(ZSTDv07_createDCtx)
SCRATCHPACK_LEGACY(ZSTDv07_decompress_usingDict)
SCRATCHPACK_LEGACY(ZSTDv07_findFrameSizeInfoLegacy)
SCRATCHPACK_LEGACY(ZSTDv07_freeDCtx)
SCRATCHPACK_LEGACY(ZSTDv07_getFrameParams)
}
