// One path call goes through the same steps whatever its number: which arguments are directory and
// path (path_of), what the bundle has there (find_entry), whose turn it is (the container's, for
// configuration and directories), and only then what this call wants to know (answer).
#include "runtime/handlers.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/arena.h"
#include "runtime/data_files.h"
#include "runtime/directories.h"
#include "runtime/execute.h"
#include "runtime/locate.h"
#include "runtime/mapped_files.h"
#include "runtime/process.h"
#include "runtime/status.h"
#include "runtime/text.h"
#include "runtime/working_directory.h"

namespace scratchpack {
namespace {

enum class Opener { linker, library, musl };

constexpr long kPass = -5000;  // neither a result nor an errno: let the call pass

constexpr uint64_t kOpenTemporary = 020000000;

const char* text_at(uint64_t address) { return reinterpret_cast<const char*>(address); }

bool is_empty(uint64_t path) { return plausible_pointer(path) && *text_at(path) == 0; }

/// The flags of an open call; openat2 keeps them in a structure.
uint64_t open_flags(const Registers& r) {
  if (r.rax == kCall_open) return r.rsi;
  return r.rax == kCall_openat ? r.rdx : *reinterpret_cast<const uint64_t*>(r.rdx);
}

bool writes(uint64_t flags) {
  return (flags & kOpenAccessMode) != 0 || (flags & kOpenTruncate) != 0 ||
         (flags & kOpenTemporary) == kOpenTemporary;
}

/// Which arguments of a call are the directory and the path, and whether a last link is followed.
struct PathArguments {
  bool any = false;  ///< false: this is no path call
  bool at = false;   ///< a directory descriptor comes first
  bool follow = true;
  long directory = kAtFdcwd;
  const char* path = nullptr;
};

PathArguments path_of(const Registers& r) {
  PathArguments arguments;
  arguments.any = true;
  switch (r.rax) {
    case kCall_open:
      arguments.follow = (r.rsi & kOpenNofollow) == 0;
      break;
    case kCall_stat:
    case kCall_access:
    case kCall_getxattr:
    case kCall_listxattr:
      break;
    case kCall_lstat:
    case kCall_readlink:
    case kCall_lgetxattr:
    case kCall_llistxattr:
      arguments.follow = false;
      break;
    case kCall_openat:
      arguments.at = true;
      arguments.follow = (r.rdx & kOpenNofollow) == 0;
      break;
    case kCall_openat2:
      // struct open_how: flags, mode, resolve. RESOLVE_* restrictions are the kernel's to keep.
      arguments.any = plausible_pointer(r.rdx) && r.r10 >= 24 &&
                      reinterpret_cast<const uint64_t*>(r.rdx)[2] == 0;
      arguments.at = true;
      arguments.follow = arguments.any && (open_flags(r) & kOpenNofollow) == 0;
      break;
    case kCall_newfstatat:
    case kCall_faccessat2:
      arguments.at = true;
      arguments.follow = (r.r10 & kAtSymlinkNofollow) == 0;
      break;
    case kCall_statx:
      arguments.at = true;
      arguments.follow = (r.rdx & kAtSymlinkNofollow) == 0;
      break;
    case kCall_faccessat:
      arguments.at = true;
      break;
    case kCall_readlinkat:
      arguments.at = true;
      arguments.follow = false;
      break;
    default:
      arguments.any = false;
  }
  if (arguments.at) arguments.directory = static_cast<int>(r.rdi);
  arguments.path = text_at(arguments.at ? r.rsi : r.rdi);
  return arguments;
}

/// The same call with another, absolute path.
long call_with_path(const Registers& r, bool at, const char* path) {
  if (at) return sys(static_cast<long>(r.rax), kAtFdcwd, path, r.rdx, r.r10, r.r8, r.r9);
  return sys(static_cast<long>(r.rax), path, r.rsi, r.rdx, r.r10, r.r8, r.r9);
}

bool is_open(const Registers& r) {
  return r.rax == kCall_open || r.rax == kCall_openat || r.rax == kCall_openat2;
}

long open_entry(Opener opener, const Entry& entry, uint64_t flags) {
  if (entry.kind == kKindDirectory) {
    return writes(flags) ? -kEISDIR : open_directory(entry, flags);
  }
  if ((flags & (kOpenCreate | kOpenExclusive)) == (kOpenCreate | kOpenExclusive)) return -kEEXIST;
  if (entry.kind == kKindSymlink) return -kELOOP;
  if ((flags & kOpenDirectory) != 0) return -kENOTDIR;
  if (writes(flags)) {
    // A configuration file that the container may replace may also be made there.
    return (entry.flags & kFlagContainerFirst) != 0 ? kPass : -kEROFS;
  }
  const bool mapped =
      opener == Opener::linker || (opener == Opener::musl && (entry.flags & kFlagElf) != 0);
  return mapped ? open_mapped(entry, static_cast<long>(flags))
                : open_data(entry, static_cast<long>(flags));
}

long access_entry(const Entry& entry, uint64_t mode) {
  if ((mode & ~uint64_t{7}) != 0) return -kEINVAL;
  if ((mode & 2) != 0) return -kEROFS;
  if ((mode & 1) != 0 && entry.kind == kKindFile && (entry.mode & 0111) == 0) return -kEACCES;
  return 0;
}

long copy_link(const char* text, uint64_t length, uint64_t buffer, uint64_t size) {
  if (static_cast<int64_t>(size) <= 0) return -kEINVAL;
  if (!plausible_pointer(buffer)) return -kEFAULT;
  if (length > size) length = size;
  __builtin_memcpy(reinterpret_cast<char*>(buffer), text, length);
  return static_cast<long>(length);
}

long answer(Opener opener, const Registers& r, const Entry& entry) {
  switch (r.rax) {
    case kCall_stat:
    case kCall_lstat:
      return write_status(entry, r.rsi);
    case kCall_newfstatat:
      return write_status(entry, r.rdx);
    case kCall_statx:
      return write_statx(entry, r.r8);
    case kCall_access:
      return access_entry(entry, r.rsi);
    case kCall_faccessat:
    case kCall_faccessat2:
      return access_entry(entry, r.rdx);
    case kCall_getxattr:
    case kCall_lgetxattr:
      return -kENODATA;  // a bundled file has no extended attributes
    case kCall_listxattr:
    case kCall_llistxattr:
      return 0;
    case kCall_readlink:
    case kCall_readlinkat:
      if (entry.kind != kKindSymlink) return -kEINVAL;
      return copy_link(process.payload.text(entry.target), entry.target_length,
                       r.rax == kCall_readlink ? r.rsi : r.rdx,
                       r.rax == kCall_readlink ? r.rdx : r.r10);
    default:
      return open_entry(opener, entry, open_flags(r));
  }
}

/// /proc/self/exe: the program's own path, status and bytes instead of the bundle's. Access checks
/// pass: what holds for the bundle holds for the program.
long own_executable(Opener opener, const Registers& r, bool follow) {
  const Entry& program = *process.program;
  if (r.rax == kCall_readlink || r.rax == kCall_readlinkat) {
    return copy_link(process.payload.path(program), program.path_length,
                     r.rax == kCall_readlink ? r.rsi : r.rdx,
                     r.rax == kCall_readlink ? r.rdx : r.r10);
  }
  const bool status = r.rax == kCall_stat || r.rax == kCall_newfstatat || r.rax == kCall_statx;
  const bool reads = is_open(r) && opener != Opener::linker && !writes(open_flags(r));
  return (status || reads) && follow ? answer(opener, r, program) : kPass;
}

/// fstat: the kernel answers, and what carries our mark is set right.
long fstat_call(long descriptor, uint64_t buffer) {
  const long result = sys(kSysFstat, descriptor, buffer);
  if (failed(result)) return result;
  KernelStat& status = *reinterpret_cast<KernelStat*>(buffer);
  const Entry* entry = marked_entry(status);
  if (entry == nullptr) return 0;
  const int64_t size = status.size;  // passwd and group may have grown by a line
  write_status(*entry, buffer);
  if (entry->kind == kKindFile) status.size = size;
  return 0;
}

/// Calls that name a descriptor by an empty path.
long empty_path_call(const Registers& r) {
  const long descriptor = static_cast<int>(r.rdi);
  if (descriptor == kAtFdcwd) return kPass;
  if (r.rax == kCall_newfstatat && (r.r10 & kAtEmptyPath) != 0) {
    return fstat_call(descriptor, r.rdx);
  }
  if (r.rax != kCall_statx || (r.rdx & kAtEmptyPath) == 0) return kPass;
  KernelStat status;
  if (sys(kSysFstat, descriptor, &status) != 0) return kPass;
  const Entry* entry = marked_entry(status);
  return entry == nullptr ? kPass : write_statx(*entry, r.r8);
}

/// A path the bundle does not have: the kernel's business, spelled out when it starts in a
/// directory the kernel does not know.
__attribute__((noinline)) long outside_call(const Registers& r, const PathArguments& arguments) {
  char absolute[kLongestPath + 1];
  if (!absolute_for_kernel(arguments.directory, arguments.path, absolute)) return kPass;
  return call_with_path(r, arguments.at, absolute);
}

long path_call(Opener opener, const Registers& r) {
  const PathArguments arguments = path_of(r);
  if (!arguments.any) return kPass;
  if (arguments.at && is_empty(r.rsi)) return empty_path_call(r);
  if (is_own_executable(arguments.path)) return own_executable(opener, r, arguments.follow);
  const Entry* entry = find_entry(arguments.directory, arguments.path, arguments.follow);
  if (entry == nullptr) return outside_call(r, arguments);
  const bool directory = entry->kind == kKindDirectory;
  const bool container_first = (directory && (!is_open(r) || writes(open_flags(r)))) ||
                               (entry->flags & kFlagContainerFirst) != 0;
  if (container_first && in_container(*entry, arguments.follow)) {
    // Links that only the bundle has may have led here; then the kernel needs the real path.
    const char* path = process.payload.path(*entry);
    return text_equal(path, arguments.path) ? kPass : call_with_path(r, arguments.at, path);
  }
  return answer(opener, r, *entry);
}

void exec_call(Registers& r, const uint64_t* mask) {
  char** const second = reinterpret_cast<char**>(r.rsi);
  char** const third = reinterpret_cast<char**>(r.rdx);
  char** const fourth = reinterpret_cast<char**>(r.r10);
  if (r.rax == kCall_execve) {
    execute_call(r, kAtFdcwd, text_at(r.rdi), second, third, mask);
  } else if (r.r8 == 0) {
    execute_call(r, static_cast<int>(r.rdi), text_at(r.rsi), third, fourth, mask);
  } else if ((r.r8 & kAtEmptyPath) != 0 && is_empty(r.rsi)) {
    KernelStat status;
    if (sys(kSysFstat, static_cast<int>(r.rdi), &status) != 0) return;
    const Entry* entry = marked_entry(status);
    if (entry != nullptr) execute_entry_call(r, *entry, third, fourth, mask);
  }
}

long other_call(Opener opener, const Registers& r) {
  switch (r.rax) {
    case kCall_fstat:
      return fstat_call(static_cast<int>(r.rdi), r.rsi);
    case kCall_getdents64:
      return list_call(static_cast<int>(r.rdi), r.rsi, r.rdx);
    case kCall_chdir:
      return change_directory(text_at(r.rdi));
    case kCall_fchdir:
      return change_to_descriptor(static_cast<int>(r.rdi));
    case kCall_getcwd:
      return process.working_directory == nullptr ? kPass : current_directory(r.rdi, r.rsi);
    default:
      return path_call(opener, r);
  }
}

void serve(Opener opener, Registers& r, const uint64_t* mask) {
  if (r.rax == kCall_execve || r.rax == kCall_execveat) {
    exec_call(r, mask);
    return;
  }
  const long result = other_call(opener, r);
  if (result == kPass) return;
  r.rax = static_cast<uint64_t>(result);
  r.handled = 1;
}

}  // namespace

void linker_handler(Registers* registers, const uint64_t* mask) {
  if (!mapped_call(*registers)) serve(Opener::linker, *registers, mask);
}

void library_handler(Registers* registers, const uint64_t* mask) {
  if (arenas_open()) close_arenas();
  serve(Opener::library, *registers, mask);
}

void musl_handler(Registers* registers, const uint64_t* mask) {
  if (!mapped_call(*registers)) serve(Opener::musl, *registers, mask);
}

}  // namespace scratchpack
