#include "runtime/handlers.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/arena.h"
#include "runtime/data_files.h"
#include "runtime/execute.h"
#include "runtime/locate.h"
#include "runtime/mapped_files.h"
#include "runtime/process.h"
#include "runtime/status.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

enum class Opener { linker, library, musl };

constexpr long kPass = -5000;  // neither a result nor an errno: let the call pass

const char* text_at(uint64_t address) { return reinterpret_cast<const char*>(address); }

bool writes(uint64_t flags) {
  return (flags & kOpenAccessMode) != 0 || (flags & kOpenTruncate) != 0;
}

long open_call(Opener opener, long directory, uint64_t path, uint64_t flags) {
  const Entry* entry = nullptr;
  if (is_own_executable(text_at(path)) && !writes(flags) && opener != Opener::linker) {
    entry = process.program;  // a program that reads itself gets its own bytes
  } else {
    entry = locate(directory, text_at(path), (flags & kOpenNofollow) == 0);
  }
  if (entry == nullptr) return kPass;
  if (entry->kind == kKindDirectory) return writes(flags) ? -kEISDIR : kPass;
  if (entry->kind == kKindSymlink) return (flags & kOpenPath) != 0 ? kPass : -kELOOP;
  if ((flags & (kOpenCreate | kOpenExclusive)) == (kOpenCreate | kOpenExclusive)) return -kEEXIST;
  if ((flags & kOpenDirectory) != 0) return -kENOTDIR;
  if (writes(flags)) {
    // A configuration file that the container may replace may also be made there.
    return (entry->flags & kFlagContainerFirst) != 0 ? kPass : -kEROFS;
  }
  const bool mapped =
      opener == Opener::linker || (opener == Opener::musl && (entry->flags & kFlagElf) != 0);
  return mapped ? open_mapped(*entry, static_cast<long>(flags))
                : open_data(*entry, static_cast<long>(flags));
}

const Entry* entry_for_status(long directory, uint64_t path, bool follow) {
  if (follow && is_own_executable(text_at(path))) return process.program;
  return locate(directory, text_at(path), follow);
}

long stat_call(long directory, uint64_t path, uint64_t buffer, bool follow) {
  const Entry* entry = entry_for_status(directory, path, follow);
  return entry == nullptr ? kPass : write_status(*entry, buffer);
}

/// fstat: the kernel answers, and what carries our mark is set right.
long fstat_call(long descriptor, uint64_t buffer) {
  const long result = sys(kSysFstat, descriptor, buffer);
  if (failed(result)) return result;
  const KernelStat& status = *reinterpret_cast<const KernelStat*>(buffer);
  const Entry* entry = marked_entry(status);
  if (entry == nullptr) return 0;
  const int64_t size = status.size;  // passwd and group may have grown by a line
  write_status(*entry, buffer);
  reinterpret_cast<KernelStat*>(buffer)->size = size;
  return 0;
}

bool is_empty(uint64_t path) { return plausible_pointer(path) && *text_at(path) == 0; }

long newfstatat_call(const Registers& r) {
  if ((r.r10 & kAtEmptyPath) != 0 && is_empty(r.rsi)) {
    return static_cast<int>(r.rdi) == kAtFdcwd ? kPass
                                               : fstat_call(static_cast<long>(r.rdi), r.rdx);
  }
  return stat_call(static_cast<long>(r.rdi), r.rsi, r.rdx, (r.r10 & kAtSymlinkNofollow) == 0);
}

long statx_call(const Registers& r) {
  const long directory = static_cast<long>(r.rdi);
  if ((r.rdx & kAtEmptyPath) != 0 && is_empty(r.rsi)) {
    KernelStat status;
    if (static_cast<int>(directory) == kAtFdcwd || sys(kSysFstat, directory, &status) != 0) {
      return kPass;
    }
    const Entry* entry = marked_entry(status);
    return entry == nullptr ? kPass : write_statx(*entry, r.r8);
  }
  const Entry* entry = entry_for_status(directory, r.rsi, (r.rdx & kAtSymlinkNofollow) == 0);
  return entry == nullptr ? kPass : write_statx(*entry, r.r8);
}

long access_call(long directory, uint64_t path, uint64_t mode, uint64_t flags) {
  const Entry* entry = locate(directory, text_at(path), (flags & kAtSymlinkNofollow) == 0);
  if (entry == nullptr) return kPass;
  if ((mode & ~uint64_t{7}) != 0) return -kEINVAL;
  if ((mode & 2) != 0) return -kEROFS;
  if ((mode & 1) != 0 && entry->kind == kKindFile && (entry->mode & 0111) == 0) return -kEACCES;
  return 0;
}

long readlink_call(long directory, uint64_t path, uint64_t buffer, uint64_t size) {
  const char* text = nullptr;
  uint64_t length = 0;
  if (is_own_executable(text_at(path))) {
    text = process.payload.path(*process.program);
    length = process.program->path_length;
  } else {
    const Entry* entry = locate(directory, text_at(path), false);
    if (entry == nullptr) return kPass;
    if (entry->kind != kKindSymlink) return -kEINVAL;
    text = process.payload.text(entry->target);
    length = entry->target_length;
  }
  if (static_cast<int64_t>(size) <= 0) return -kEINVAL;
  if (!plausible_pointer(buffer)) return -kEFAULT;
  if (length > size) length = size;
  __builtin_memcpy(reinterpret_cast<char*>(buffer), text, length);
  return static_cast<long>(length);
}

/// Calls that both kinds of file make.
long path_call(Opener opener, const Registers& r) {
  switch (r.rax) {
    case kCall_open:
      return open_call(opener, kAtFdcwd, r.rdi, r.rsi);
    case kCall_openat:
      return open_call(opener, static_cast<long>(r.rdi), r.rsi, r.rdx);
    case kCall_openat2:
      // struct open_how begins with the 64-bit flags; RESOLVE_* restrictions cannot be honoured.
      if (!plausible_pointer(r.rdx) || r.r10 < 24 || reinterpret_cast<uint64_t*>(r.rdx)[2] != 0) {
        return kPass;
      }
      return open_call(opener, static_cast<long>(r.rdi), r.rsi,
                       *reinterpret_cast<uint64_t*>(r.rdx));
    case kCall_stat:
      return stat_call(kAtFdcwd, r.rdi, r.rsi, true);
    case kCall_lstat:
      return stat_call(kAtFdcwd, r.rdi, r.rsi, false);
    case kCall_fstat:
      return fstat_call(static_cast<long>(r.rdi), r.rsi);
    case kCall_newfstatat:
      return newfstatat_call(r);
    case kCall_statx:
      return statx_call(r);
    case kCall_access:
      return access_call(kAtFdcwd, r.rdi, r.rsi, 0);
    case kCall_faccessat:
      return access_call(static_cast<long>(r.rdi), r.rsi, r.rdx, 0);
    case kCall_faccessat2:
      return access_call(static_cast<long>(r.rdi), r.rsi, r.rdx, r.r10);
    case kCall_readlink:
      return readlink_call(kAtFdcwd, r.rdi, r.rsi, r.rdx);
    case kCall_readlinkat:
      return readlink_call(static_cast<long>(r.rdi), r.rsi, r.rdx, r.r10);
    default:
      return kPass;
  }
}

void exec_call(Registers& r, const uint64_t* mask) {
  char** const second = reinterpret_cast<char**>(r.rsi);
  char** const third = reinterpret_cast<char**>(r.rdx);
  char** const fourth = reinterpret_cast<char**>(r.r10);
  if (r.rax == kCall_execve) {
    execute_call(r, kAtFdcwd, text_at(r.rdi), second, third, mask);
  } else if (r.r8 == 0) {
    execute_call(r, static_cast<long>(r.rdi), text_at(r.rsi), third, fourth, mask);
  } else if ((r.r8 & kAtEmptyPath) != 0 && is_empty(r.rsi)) {
    KernelStat status;
    if (sys(kSysFstat, static_cast<long>(r.rdi), &status) != 0) return;
    const Entry* entry = marked_entry(status);
    if (entry != nullptr) execute_entry_call(r, *entry, third, fourth, mask);
  }
}

void serve(Opener opener, Registers& r, const uint64_t* mask) {
  if (r.rax == kCall_execve || r.rax == kCall_execveat) {
    exec_call(r, mask);
    return;
  }
  const long result = path_call(opener, r);
  if (result == kPass) return;
  r.rax = static_cast<uint64_t>(result);
  r.handled = 1;
}

}  // namespace

void linker_handler(Registers* registers, const uint64_t* mask) {
  if (!mapped_call(*registers) && registers->handled == 0) serve(Opener::linker, *registers, mask);
}

void library_handler(Registers* registers, const uint64_t* mask) {
  if (arenas_open()) close_arenas();
  serve(Opener::library, *registers, mask);
}

void musl_handler(Registers* registers, const uint64_t* mask) {
  if (!mapped_call(*registers) && registers->handled == 0) serve(Opener::musl, *registers, mask);
}

}  // namespace scratchpack
