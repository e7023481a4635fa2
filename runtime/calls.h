// The table of the system calls that carry a path, or a descriptor that may stand for a bundled
// file (x86-64), said once: the bundler's rewriter reads it to know which `syscall` sites to
// rewrite, the runtime's handler to know what it is asked.
//
// And the contract between a rewritten file's thunks and the handler: see Registers below.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// Which file a row concerns: calls of the dynamic linker, of the C library, or both.
/// musl's linker is its C library: there every row counts.
enum CallScope : unsigned { kLinker = 1, kLibrary = 2, kBoth = 3 };

/// What a call does with its path, and so who answers it (README has the order in words).
enum CallAction : unsigned char {
  kOther,       ///< a handler of its own: directories, exec
  kDescriptor,  ///< on a descriptor, which may stand for a part of the bundle
  kLook,        ///< asks about what exists
  kOpen,        ///< looks, or creates and writes, by its flags
  kCreate,      ///< makes a name that must not exist
  kRemove,      ///< takes a name away
  kChange,      ///< alters what exists
  kRename,      ///< takes one name away and makes another
  kLink,        ///< a second name for what exists
  kSocket,      ///< a path inside a socket address
};

/// Which arguments are the directory and the path.
enum CallPath : unsigned char {
  kNoPath,
  kFirst,     ///< (path, ...); of two paths: (path, path)
  kSecond,    ///< (something, path, ...)
  kFirstAt,   ///< (directory, path, ...); of two paths: (directory, path, directory, path)
  kSecondAt,  ///< (something, directory, path)
};

// X(number, name, scope, action, path)
// clang-format off
#define SCRATCHPACK_CALLS(X)                              \
  X(0, read, kBoth, kDescriptor, kNoPath)                 \
  X(2, open, kBoth, kOpen, kFirst)                        \
  X(3, close, kBoth, kDescriptor, kNoPath)                \
  X(4, stat, kBoth, kLook, kFirst)                        \
  X(5, fstat, kBoth, kDescriptor, kNoPath)                \
  X(6, lstat, kLibrary, kLook, kFirst)                    \
  X(8, lseek, kBoth, kDescriptor, kNoPath)                \
  X(9, mmap, kBoth, kDescriptor, kNoPath)                 \
  X(17, pread64, kBoth, kDescriptor, kNoPath)             \
  X(19, readv, kLibrary, kDescriptor, kNoPath)            \
  X(21, access, kBoth, kLook, kFirst)                     \
  X(32, dup, kLibrary, kDescriptor, kNoPath)              \
  X(33, dup2, kLibrary, kDescriptor, kNoPath)             \
  X(40, sendfile, kLibrary, kDescriptor, kNoPath)         \
  X(42, connect, kLibrary, kSocket, kNoPath)              \
  X(49, bind, kLibrary, kSocket, kNoPath)                 \
  X(59, execve, kLibrary, kOther, kNoPath)                \
  X(72, fcntl, kLibrary, kDescriptor, kNoPath)            \
  X(76, truncate, kLibrary, kChange, kFirst)              \
  X(79, getcwd, kLibrary, kOther, kNoPath)                \
  X(80, chdir, kLibrary, kOther, kNoPath)                 \
  X(81, fchdir, kLibrary, kOther, kNoPath)                \
  X(82, rename, kLibrary, kRename, kFirst)                \
  X(83, mkdir, kLibrary, kCreate, kFirst)                 \
  X(84, rmdir, kLibrary, kRemove, kFirst)                 \
  X(85, creat, kLibrary, kOpen, kFirst)                   \
  X(86, link, kLibrary, kLink, kFirst)                    \
  X(87, unlink, kLibrary, kRemove, kFirst)                \
  X(88, symlink, kLibrary, kCreate, kSecond)              \
  X(89, readlink, kBoth, kLook, kFirst)                   \
  X(90, chmod, kLibrary, kChange, kFirst)                 \
  X(91, fchmod, kLibrary, kDescriptor, kNoPath)           \
  X(92, chown, kLibrary, kChange, kFirst)                 \
  X(93, fchown, kLibrary, kDescriptor, kNoPath)           \
  X(94, lchown, kLibrary, kChange, kFirst)                \
  X(132, utime, kLibrary, kChange, kFirst)                \
  X(133, mknod, kLibrary, kCreate, kFirst)                \
  X(137, statfs, kLibrary, kLook, kFirst)                 \
  X(161, chroot, kLibrary, kOther, kNoPath)               \
  X(188, setxattr, kLibrary, kChange, kFirst)             \
  X(189, lsetxattr, kLibrary, kChange, kFirst)            \
  X(190, fsetxattr, kLibrary, kDescriptor, kNoPath)       \
  X(191, getxattr, kLibrary, kLook, kFirst)               \
  X(192, lgetxattr, kLibrary, kLook, kFirst)              \
  X(193, fgetxattr, kLibrary, kDescriptor, kNoPath)       \
  X(194, listxattr, kLibrary, kLook, kFirst)              \
  X(195, llistxattr, kLibrary, kLook, kFirst)             \
  X(196, flistxattr, kLibrary, kDescriptor, kNoPath)      \
  X(197, removexattr, kLibrary, kChange, kFirst)          \
  X(198, lremovexattr, kLibrary, kChange, kFirst)         \
  X(199, fremovexattr, kLibrary, kDescriptor, kNoPath)    \
  X(217, getdents64, kLibrary, kOther, kNoPath)           \
  X(235, utimes, kLibrary, kChange, kFirst)               \
  X(254, inotify_add_watch, kLibrary, kLook, kSecond)     \
  X(257, openat, kBoth, kOpen, kFirstAt)                  \
  X(258, mkdirat, kLibrary, kCreate, kFirstAt)            \
  X(259, mknodat, kLibrary, kCreate, kFirstAt)            \
  X(260, fchownat, kLibrary, kChange, kFirstAt)           \
  X(261, futimesat, kLibrary, kChange, kFirstAt)          \
  X(262, newfstatat, kBoth, kLook, kFirstAt)              \
  X(263, unlinkat, kLibrary, kRemove, kFirstAt)           \
  X(264, renameat, kLibrary, kRename, kFirstAt)           \
  X(265, linkat, kLibrary, kLink, kFirstAt)               \
  X(266, symlinkat, kLibrary, kCreate, kSecondAt)         \
  X(267, readlinkat, kBoth, kLook, kFirstAt)              \
  X(268, fchmodat, kLibrary, kChange, kFirstAt)           \
  X(269, faccessat, kBoth, kLook, kFirstAt)               \
  X(275, splice, kLibrary, kDescriptor, kNoPath)          \
  X(280, utimensat, kLibrary, kChange, kFirstAt)          \
  X(292, dup3, kLibrary, kDescriptor, kNoPath)            \
  X(295, preadv, kLibrary, kDescriptor, kNoPath)          \
  X(316, renameat2, kLibrary, kRename, kFirstAt)          \
  X(322, execveat, kLibrary, kOther, kNoPath)             \
  X(326, copy_file_range, kLibrary, kDescriptor, kNoPath) \
  X(327, preadv2, kLibrary, kDescriptor, kNoPath)         \
  X(332, statx, kLibrary, kLook, kFirstAt)                \
  X(437, openat2, kLibrary, kOpen, kFirstAt)              \
  X(439, faccessat2, kLibrary, kLook, kFirstAt)           \
  X(452, fchmodat2, kLibrary, kChange, kFirstAt)
// clang-format on

struct Call {
  int number;
  CallScope scope;
  CallAction action;
  CallPath path;
};

inline constexpr Call kCalls[] = {
#define SCRATCHPACK_ROW(number, name, scope, action, path) {number, scope, action, path},
    SCRATCHPACK_CALLS(SCRATCHPACK_ROW)
#undef SCRATCHPACK_ROW
};

enum CallNumber : int {
#define SCRATCHPACK_ROW(number, name, scope, action, path) kCall_##name = number,
  SCRATCHPACK_CALLS(SCRATCHPACK_ROW)
#undef SCRATCHPACK_ROW
};

/// Numbers at and above this pass through without a look.
inline constexpr int kCallLimit = 480;

/// What a thunk's entry hands to the handler: the registers of the system call, in this order in
/// memory. The handler either leaves `handled` at 0 (the call is then made where it always was,
/// with all registers as they were) or sets it to 1 and the result (or -errno) in `rax`.
struct Registers {
  uint64_t r9, r8, r10, rdx, rsi, rdi;
  uint64_t handled;
  uint64_t rax;  ///< in: the call's number; out: its result
};

/// The function a rewritten file's slot points to. All signals are blocked while it runs; `mask`
/// is the caller's own 64-bit signal mask, to be restored before an execve. The slot it is found
/// in, and what the entry decides without it, are in gate.h.
using Handler = void (*)(Registers* registers, const uint64_t* mask);

}  // namespace scratchpack
