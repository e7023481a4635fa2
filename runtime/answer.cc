#include "runtime/answer.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/data_files.h"
#include "runtime/directories.h"
#include "runtime/gate.h"
#include "runtime/mapped_files.h"
#include "runtime/process.h"
#include "runtime/raw_files.h"
#include "runtime/status.h"

namespace scratchpack {
namespace {

constexpr uint64_t kOpenTemporary = 020000000;

long access_entry(const Entry& entry, uint64_t mode) {
  if ((mode & ~uint64_t{7}) != 0) return -kEINVAL;
  if ((mode & 2) != 0) return -kEROFS;
  if ((mode & 1) != 0 && entry.kind == kKindFile && (entry.mode & 0111) == 0) return -kEACCES;
  return 0;
}

long copy_link(const char* text, uint64_t length, uint64_t buffer, uint64_t size) {
  if (static_cast<int64_t>(size) <= 0) return -kEINVAL;
  if (length > size) length = size;
  if (!writable(buffer, length)) return -kEFAULT;
  __builtin_memcpy(reinterpret_cast<char*>(buffer), text, length);
  return static_cast<long>(length);
}

long read_link(const Registers& r, const char* text, uint64_t length) {
  const bool at = r.rax == kCall_readlinkat;
  return copy_link(text, length, at ? r.rdx : r.rsi, at ? r.r10 : r.rdx);
}

/// Whether a linker opens the entry to map it. musl's is in its C library: what it opens to map is
/// a library, never the program, and always close-on-exec. It needs the decoded start files; all
/// else can be mapped as the program's own files are.
bool is_opened_to_map(Opener opener, const Entry& entry, uint64_t flags) {
  if (opener == Opener::linker) return true;
  return opener == Opener::musl && (entry.flags & kFlagElf) != 0 && &entry != process.program &&
         (flags & kOpenCloexec) != 0 && !is_raw(entry);
}

/// Calls about the file system something lies on, and watches, are answered for the bundle's own
/// file: it lies there, and it never changes.
long ask_about_bundle(const Registers& r) {
  if (r.rax == kCall_statfs) return sys(kCall_statfs, "/proc/self/exe", r.rsi);
  return sys(kCall_inotify_add_watch, r.rdi, "/proc/self/exe", r.rdx);
}

}  // namespace

bool open_flags(const Registers& r, uint64_t& flags) {
  switch (r.rax) {
    case kCall_open:
      flags = r.rsi;
      return true;
    case kCall_creat:
      flags = kOpenWriteOnly | kOpenCreate | kOpenTruncate;
      return true;
    case kCall_openat:
      flags = r.rdx;
      return true;
    default: {
      // struct open_how: flags, mode, resolve.
      if (r.r10 < 24 || !readable(r.rdx, 24)) return false;
      const uint64_t* how = reinterpret_cast<const uint64_t*>(r.rdx);
      flags = how[0];
      return how[2] == 0;
    }
  }
}

bool writes(uint64_t flags) {
  return (flags & kOpenAccessMode) != 0 || (flags & kOpenTruncate) != 0 ||
         (flags & kOpenTemporary) == kOpenTemporary;
}

bool follows_last_link(const Registers& r, CallAction action) {
  if (action == kCreate || action == kRemove) return false;
  switch (r.rax) {
    case kCall_lstat:
    case kCall_readlink:
    case kCall_readlinkat:
    case kCall_lgetxattr:
    case kCall_llistxattr:
    case kCall_lsetxattr:
    case kCall_lremovexattr:
    case kCall_lchown:
      return false;
    case kCall_newfstatat:
    case kCall_faccessat2:
    case kCall_utimensat:
    case kCall_fchmodat2:
      return (r.r10 & kAtSymlinkNofollow) == 0;
    case kCall_fchownat:
      return (r.r8 & kAtSymlinkNofollow) == 0;
    case kCall_statx:
      return (r.rdx & kAtSymlinkNofollow) == 0;
    case kCall_inotify_add_watch:
      return (r.rdx & 0x02000000) == 0;  // IN_DONT_FOLLOW
    default:
      return true;
  }
}

long answer_look(const Registers& r, const Entry& entry) {
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
      return read_link(r, process.payload.text(entry.target), entry.target_length);
    default:
      return ask_about_bundle(r);
  }
}

long answer_open(Opener opener, const Entry& entry, uint64_t flags) {
  if ((flags & (kOpenCreate | kOpenExclusive)) == (kOpenCreate | kOpenExclusive)) return -kEEXIST;
  if (entry.kind == kKindDirectory) {
    return writes(flags) || (flags & kOpenCreate) != 0 ? -kEISDIR : open_directory(entry, flags);
  }
  if ((flags & kOpenDirectory) != 0) return -kENOTDIR;
  if (entry.kind == kKindSymlink) {
    return (flags & kOpenPath) != 0 ? open_link(entry, static_cast<long>(flags)) : -kELOOP;
  }
  if (writes(flags)) return -kEROFS;
  if (is_opened_to_map(opener, entry, flags)) return open_mapped(entry, static_cast<long>(flags));
  const bool raw = is_raw(entry) && (flags & kOpenPath) == 0;
  return raw ? open_raw(entry, static_cast<long>(flags))
             : open_data(entry, static_cast<long>(flags));
}

long answer_own_executable(Opener opener, const Registers& r, CallAction action, bool follow,
                           uint64_t flags) {
  const Entry& program = *process.program;
  if (r.rax == kCall_readlink || r.rax == kCall_readlinkat) {
    return read_link(r, process.payload.path(program), program.path_length);
  }
  return follow ? answer_own_file(opener, r, action, flags) : kPass;
}

long answer_own_file(Opener opener, const Registers& r, CallAction action, uint64_t flags) {
  const Entry& program = *process.program;
  if (action == kOpen) {
    if (opener == Opener::linker || writes(flags)) return kPass;
    return answer_open(opener, program, flags);
  }
  switch (r.rax) {
    case kCall_stat:
    case kCall_lstat:
    case kCall_newfstatat:
    case kCall_statx:
      return answer_look(r, program);
    default:
      return kPass;
  }
}

long answer_descriptor_path(const Registers& r, const Entry& entry, CallAction action,
                            Opener opener, bool follow, uint64_t flags) {
  if (r.rax == kCall_readlink || r.rax == kCall_readlinkat) {
    return read_link(r, process.payload.path(entry), entry.path_length);
  }
  if (!is_raw(entry) || !follow) return kPass;  // a memory file is the kernel's to open again
  if (action == kOpen) return answer_open(opener, entry, flags);
  return action == kLook ? answer_look(r, entry) : -kEROFS;
}

long answer_fstat(long descriptor, uint64_t buffer) {
  if (const Entry* raw = raw_file(descriptor)) return write_status(*raw, buffer);
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

long answer_empty_path(const Registers& r, CallAction action) {
  const long descriptor = static_cast<int>(r.rdi);
  if (descriptor == kAtFdcwd) return kPass;
  if (action == kChange) return raw_file(descriptor) == nullptr ? kPass : -kEROFS;
  if (r.rax == kCall_newfstatat && (r.r10 & kAtEmptyPath) != 0) {
    return answer_fstat(descriptor, r.rdx);
  }
  const bool reads_link = r.rax == kCall_readlinkat;
  if (!reads_link && (r.rax != kCall_statx || (r.rdx & kAtEmptyPath) == 0)) return kPass;
  const Entry* entry = raw_file(descriptor);
  if (entry == nullptr) {
    KernelStat status;
    if (sys(kSysFstat, descriptor, &status) != 0) return kPass;
    entry = marked_entry(status);
  }
  if (entry == nullptr) return kPass;
  if (!reads_link) return write_statx(*entry, r.r8);
  if (entry->kind != kKindSymlink) return -kENOENT;
  return read_link(r, process.payload.text(entry->target), entry->target_length);
}

}  // namespace scratchpack
