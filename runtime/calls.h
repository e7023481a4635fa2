// The table of path-carrying system calls (x86-64), said once: the bundler's rewriter reads it to
// know which `syscall` sites to rewrite, the runtime's handler to know what it is asked.
//
// And the contract between a rewritten file's thunks and the handler: see Registers below.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// Which file a row concerns: calls of the dynamic linker, of the C library, or both.
/// musl's linker is its C library: there every row counts.
enum CallScope : unsigned { kLinker = 1, kLibrary = 2, kBoth = 3 };

// X(number, name, scope)
// clang-format off
#define SCRATCHPACK_CALLS(X)   \
  X(0, read, kLinker)          \
  X(2, open, kBoth)            \
  X(3, close, kLinker)         \
  X(4, stat, kBoth)            \
  X(5, fstat, kBoth)           \
  X(6, lstat, kLibrary)        \
  X(8, lseek, kLinker)         \
  X(9, mmap, kLinker)          \
  X(17, pread64, kLinker)      \
  X(21, access, kBoth)         \
  X(59, execve, kLibrary)      \
  X(79, getcwd, kLibrary)      \
  X(80, chdir, kLibrary)       \
  X(81, fchdir, kLibrary)      \
  X(89, readlink, kBoth)       \
  X(191, getxattr, kLibrary)   \
  X(192, lgetxattr, kLibrary)  \
  X(194, listxattr, kLibrary)  \
  X(195, llistxattr, kLibrary) \
  X(217, getdents64, kLibrary) \
  X(257, openat, kBoth)        \
  X(262, newfstatat, kBoth)    \
  X(267, readlinkat, kBoth)    \
  X(269, faccessat, kBoth)     \
  X(322, execveat, kLibrary)   \
  X(332, statx, kLibrary)      \
  X(437, openat2, kLibrary)    \
  X(439, faccessat2, kLibrary)
// clang-format on

struct Call {
  int number;
  CallScope scope;
};

inline constexpr Call kCalls[] = {
#define SCRATCHPACK_ROW(number, name, scope) {number, scope},
    SCRATCHPACK_CALLS(SCRATCHPACK_ROW)
#undef SCRATCHPACK_ROW
};

enum CallNumber : int {
#define SCRATCHPACK_ROW(number, name, scope) kCall_##name = number,
  SCRATCHPACK_CALLS(SCRATCHPACK_ROW)
#undef SCRATCHPACK_ROW
};

/// Numbers at and above this pass through without a look.
inline constexpr int kCallLimit = 448;

/// What a thunk's entry hands to the handler: the registers of the system call, in this order in
/// memory. The handler either leaves `handled` at 0 (the call is then made where it always was,
/// with all registers as they were) or sets it to 1 and the result (or -errno) in `rax`.
struct Registers {
  uint64_t r9, r8, r10, rdx, rsi, rdi;
  uint64_t handled;
  uint64_t rax;  ///< in: the call's number; out: its result
};

/// The function a rewritten file's slot points to. All signals are blocked while it runs; `mask`
/// is the caller's own 64-bit signal mask, to be restored before an execve. A slot of 0 (the file
/// runs without a bootloader) makes the entry pass every call through.
using Handler = void (*)(Registers* registers, const uint64_t* mask);

}  // namespace scratchpack
