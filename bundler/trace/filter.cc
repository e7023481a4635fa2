#include "bundler/trace/filter.h"

#include <fcntl.h>
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
#include <utility>

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
  sock_filter steps[2 * std::size(kCalls) + 32];
  unsigned short count = 0;
  void add(const sock_filter& step) { steps[count++] = step; }
};

/// What becomes of a watched call.
struct Actions {
  std::uint32_t search;   ///< that only searches
  std::uint32_t make;     ///< that may make or change something
  std::uint32_t execute;  ///< of a program
};
constexpr Actions kStop{SECCOMP_RET_TRACE, SECCOMP_RET_TRACE, SECCOMP_RET_TRACE};
constexpr Actions kListen{SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_TRACE};
constexpr Actions kHold{SECCOMP_RET_USER_NOTIF, SECCOMP_RET_ALLOW, SECCOMP_RET_USER_NOTIF};

/// Opens whose flags are an argument: those that may make something are told apart.
void watch_open(Program& program, int number, std::uint32_t flags_at, const Actions& actions) {
  program.add(only_if(static_cast<std::uint32_t>(number), 4));
  program.add(load(argument_at(flags_at)));
  program.add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_CREAT | O_TRUNC, 0, 1));
  program.add(result(actions.make));
  program.add(result(actions.search));
}

void watch_mmap(Program& program, std::uint32_t search) {
  program.add(only_if(kCall_mmap, 5));
  program.add(load(argument_at(4)));
  program.add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 3, 0));  // no file
  program.add(load(argument_at(2)));
  program.add(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
  program.add(result(search));
}

/// No memory is asked for.
Program watching_program(const Actions& actions) {
  Program program;
  program.add(load(kArchitectureAt));
  program.add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  program.add(result(SECCOMP_RET_ALLOW));  // programs of 32 bits are left alone
  program.add(load(kNumberAt));
  watch_open(program, kCall_open, 1, actions);
  watch_open(program, kCall_openat, 2, actions);
  for (const Call& call : kCalls) {
    bool done = call.number == kCall_open || call.number == kCall_openat;
    if (done || call.number == kCall_mmap || !is_watched(call)) continue;
    program.add(only_if(static_cast<std::uint32_t>(call.number), 1));
    bool executes = call.number == kCall_execve || call.number == kCall_execveat;
    program.add(result(executes              ? actions.execute
                       : only_searches(call) ? actions.search
                                             : actions.make));
  }
  watch_mmap(program, actions.search);
  program.add(result(SECCOMP_RET_ALLOW));
  return program;
}

/// A listener's descriptor, or 0; -1 with errno set.
int install(Program program, unsigned flags) {
  sock_fprog filter{program.count, program.steps};
  long made = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (made < 0 && errno == EACCES && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    made = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  }
  return static_cast<int>(made);
}

/// Installs it with a listener; an invalid descriptor, with errno set, where there are none.
Descriptor install_listening(const Actions& actions) {
  // Once the tracer has a call in hand, only a deadly signal takes it away: since Linux 5.19.
  for (unsigned wait : {SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0UL}) {
    int made = install(watching_program(actions),
                       static_cast<unsigned>(SECCOMP_FILTER_FLAG_NEW_LISTENER | wait));
    if (made >= 0) return Descriptor(made);
  }
  return Descriptor();
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

bool only_searches(const Call& call) {
  return call.action == kLook || call.number == kCall_chdir || call.number == kCall_chroot ||
         call.number == kCall_getdents64 || call.number == kCall_mmap;
}

bool may_make(std::uint64_t open_flags) { return (open_flags & (O_CREAT | O_TRUNC)) != 0; }

Filter install_filter(bool listen) {
  if (listen) {
    Descriptor listener = install_listening(kListen);
    if (listener.valid()) return {.error = 0, .listener = std::move(listener)};
  }
  const int made = install(watching_program(kStop), 0);
  return {.error = made < 0 ? errno : 0, .listener = Descriptor()};
}

Descriptor hold_searches() { return install_listening(kHold); }

}  // namespace scratchpack
