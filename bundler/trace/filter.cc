#include "bundler/trace/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

namespace scratchpack {
namespace {

constexpr std::uint32_t kNumberAt = offsetof(seccomp_data, nr);
constexpr std::uint32_t kArchitectureAt = offsetof(seccomp_data, arch);

/// The low half of an argument: descriptors and protections are no wider.
constexpr std::uint32_t argument_at(std::uint32_t index) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args)) + index * 8;
}

sock_filter load(std::uint32_t at) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at); }
sock_filter result(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
/// Goes on with the next instruction when the value loaded is `value`, else steps over `over`.
sock_filter only_if(std::uint32_t value, std::uint8_t over) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, over);
}

struct Program {
  sock_filter steps[2 * std::size(kCalls) + 16];
  unsigned short count = 0;
  void add(const sock_filter& step) { steps[count++] = step; }
};

/// No memory is asked for: it runs between fork and exec.
Program watching_program() {
  Program program;
  program.add(load(kArchitectureAt));
  program.add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  program.add(result(SECCOMP_RET_ALLOW));  // programs of 32 bits are left alone
  program.add(load(kNumberAt));
  for (const Call& call : kCalls) {
    if (call.number == kCall_mmap || !is_watched(call)) continue;
    program.add(only_if(static_cast<std::uint32_t>(call.number), 1));
    program.add(result(SECCOMP_RET_TRACE));
  }
  program.add(only_if(kCall_mmap, 5));
  program.add(load(argument_at(4)));
  program.add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 3, 0));  // no file
  program.add(load(argument_at(2)));
  program.add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
  program.add(result(SECCOMP_RET_TRACE));
  program.add(result(SECCOMP_RET_ALLOW));
  return program;
}

}  // namespace

bool is_watched(const Call& call) {
  switch (call.action) {
    case kLook:
    case kOpen:
    case kCreate:
    case kRename:
    case kLink:
      return true;
    case kOther:
      return call.number == kCall_execve || call.number == kCall_execveat ||
             call.number == kCall_getdents64 || call.number == kCall_chdir ||
             call.number == kCall_chroot;
    case kDescriptor:
      return call.number == kCall_mmap;
    default:
      return false;
  }
}

int install_filter() {
  Program program = watching_program();
  sock_fprog filter{program.count, program.steps};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return 0;
  if (errno != EACCES) return errno;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0 ? 0 : errno;
}

}  // namespace scratchpack
