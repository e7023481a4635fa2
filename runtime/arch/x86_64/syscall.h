// Raw system calls and the few numbers and structures of the kernel's that the runtime uses.
// Results are the kernel's: negative errno on failure.
#pragma once

#include <stdint.h>

namespace scratchpack {

inline __attribute__((always_inline)) long syscall6(long number, long a, long b, long c, long d,
                                                    long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

template <typename T>
inline __attribute__((always_inline)) long syscall_argument(T value) {
  return (long)value;  // pointers and integers alike
}

template <typename... Arguments>
inline __attribute__((always_inline)) long sys(long number, Arguments... arguments) {
  static_assert(sizeof...(Arguments) <= 6);
  long all[6] = {syscall_argument(arguments)...};
  return syscall6(number, all[0], all[1], all[2], all[3], all[4], all[5]);
}

inline bool failed(long result) { return (unsigned long)result >= (unsigned long)-4095; }

enum SystemCall : long {
  kSysRead = 0,
  kSysWrite = 1,
  kSysOpen = 2,
  kSysClose = 3,
  kSysStat = 4,
  kSysFstat = 5,
  kSysLseek = 8,
  kSysMmap = 9,
  kSysMprotect = 10,
  kSysMunmap = 11,
  kSysBrk = 12,
  kSysRtSigprocmask = 14,
  kSysPread64 = 17,
  kSysMremap = 25,
  kSysMadvise = 28,
  kSysSendfile = 40,
  kSysExit = 60,
  kSysClone = 56,
  kSysExecve = 59,
  kSysKill = 62,
  kSysFcntl = 72,
  kSysFtruncate = 77,
  kSysGetcwd = 79,
  kSysChdir = 80,
  kSysFchmod = 91,
  kSysGetuid = 102,
  kSysGetgid = 104,
  kSysSetuid = 105,
  kSysSetgid = 106,
  kSysGeteuid = 107,
  kSysGetegid = 108,
  kSysSetgroups = 116,
  kSysPrctl = 157,
  kSysArchPrctl = 158,
  kSysFutex = 202,
  kSysSchedGetaffinity = 204,
  kSysGetdents64 = 217,
  kSysClockGettime = 228,
  kSysExitGroup = 231,
  kSysOpenat = 257,
  kSysMkdirat = 258,
  kSysNewfstatat = 262,
  kSysUnlinkat = 263,
  kSysRenameat = 264,
  kSysDup3 = 292,
  kSysSymlinkat = 266,
  kSysReadlinkat = 267,
  kSysFchmodat = 268,
  kSysFaccessat = 269,
  kSysUtimensat = 280,
  kSysGetrandom = 318,
  kSysMemfdCreate = 319,
  kSysGetRobustList = 274,
  kSysExecveat = 322,
  kSysStatx = 332,
  kSysPwrite64 = 18,
  kSysGetpid = 39,
};

inline constexpr int kAtFdcwd = -100;
inline constexpr int kAtSymlinkNofollow = 0x100;
inline constexpr int kAtRemovedir = 0x200;
inline constexpr int kAtEmptyPath = 0x1000;

inline constexpr int kOpenWriteOnly = 1;
inline constexpr int kOpenReadWrite = 2;
inline constexpr int kOpenAccessMode = 3;
inline constexpr int kOpenCreate = 0100;
inline constexpr int kOpenExclusive = 0200;
inline constexpr int kOpenTruncate = 01000;
inline constexpr int kOpenDirectory = 0200000;
inline constexpr int kOpenNofollow = 0400000;
inline constexpr int kOpenCloexec = 02000000;
inline constexpr int kOpenNonblock = 04000;
inline constexpr int kOpenPath = 010000000;

inline constexpr int kProtRead = 1;
inline constexpr int kProtWrite = 2;
inline constexpr int kProtExec = 4;
inline constexpr int kMapShared = 1;
inline constexpr int kMapPrivate = 2;
inline constexpr int kMapFixed = 0x10;
inline constexpr int kMapAnonymous = 0x20;
inline constexpr int kMapFixedNoreplace = 0x100000;
inline constexpr int kMremapMaymove = 1;
inline constexpr int kMremapFixed = 2;
inline constexpr int kMadviseHugePage = 14;
inline constexpr int kMadvisePopulateRead = 22;

enum Errno : int {
  kENOENT = 2,
  kEIO = 5,
  kENXIO = 6,
  kE2BIG = 7,
  kENOEXEC = 8,
  kEBADF = 9,
  kENOMEM = 12,
  kEACCES = 13,
  kEFAULT = 14,
  kEEXIST = 17,
  kEXDEV = 18,
  kENOTDIR = 20,
  kEISDIR = 21,
  kEINVAL = 22,
  kEMFILE = 24,
  kENOSPC = 28,
  kEROFS = 30,
  kERANGE = 34,
  kENAMETOOLONG = 36,
  kELOOP = 40,
  kENODATA = 61,
};

inline constexpr uint32_t kModeFile = 0100000;
inline constexpr uint32_t kModeDirectory = 0040000;
inline constexpr uint32_t kModeSymlink = 0120000;

/// struct stat of x86-64.
struct KernelStat {
  uint64_t dev, ino, nlink;
  uint32_t mode, uid, gid, pad;
  uint64_t rdev;
  int64_t size, blksize, blocks;
  uint64_t atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
  int64_t unused[3];
};
static_assert(sizeof(KernelStat) == 144);

struct KernelStatxTime {
  int64_t seconds;
  uint32_t nanoseconds;
  int32_t pad;
};
struct KernelStatx {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, pad0;
  uint64_t ino, size, blocks, attributes_mask;
  KernelStatxTime atime, btime, ctime, mtime;
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mount_id;
  uint64_t spare[13];
};
static_assert(sizeof(KernelStatx) == 256);

struct KernelTimespec {
  int64_t seconds, nanoseconds;
};

/// A descriptor that closes itself when its scope ends.
class ScopedDescriptor {
 public:
  explicit ScopedDescriptor(long number) : number_(number) {}
  ScopedDescriptor(const ScopedDescriptor&) = delete;
  ScopedDescriptor& operator=(const ScopedDescriptor&) = delete;
  ~ScopedDescriptor() { close(); }
  bool valid() const { return number_ >= 0; }
  long get() const { return number_; }
  long release() {
    long number = number_;
    number_ = -1;
    return number;
  }
  /// The result of close(2), for those who wrote.
  long close() { return number_ >= 0 ? sys(kSysClose, release()) : 0; }

 private:
  long number_;
};

}  // namespace scratchpack
