#include "bundler/container_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace scratchpack {
namespace {

// Kernel interfaces that need no privilege of their own, or one that a user namespace would give.
constexpr std::uint32_t kRefused[] = {
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_perf_event_open,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_kcmp,
    SYS_fanotify_init,
    SYS_get_mempolicy,
    SYS_set_mempolicy,
    SYS_mbind,
    SYS_move_pages,
    SYS_migrate_pages,
    SYS_syslog,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_open_by_handle_at,
    SYS_sysfs,
    SYS_ustat,
    SYS_uselib,
    SYS__sysctl,
    SYS_lookup_dcookie,
    SYS_vhangup,
    SYS_acct,
    SYS_iopl,
    SYS_ioperm,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
};

constexpr std::uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// PER_LINUX, PER_LINUX32, UNAME26 with either, and the question what it is.
constexpr std::uint32_t kPersonalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

constexpr std::uint32_t kRefusal = SECCOMP_RET_ERRNO | EPERM;

class Program {
 public:
  void load(std::size_t at) {
    steps_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at)));
  }
  void end(std::uint32_t action) { steps_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  /// Skips `then` steps when the value loaded is `value` (or has one of `bits`), else `otherwise`.
  void if_equal(std::uint32_t value, std::uint8_t then, std::uint8_t otherwise) {
    steps_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise));
  }
  void if_any(std::uint32_t bits, std::uint8_t then, std::uint8_t otherwise) {
    steps_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, then, otherwise));
  }
  long install() {
    sock_fprog filter{static_cast<unsigned short>(steps_.size()), steps_.data()};
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
  }

 private:
  std::vector<sock_filter> steps_;
};

constexpr std::size_t kFirstArgument = offsetof(seccomp_data, args);

Program program() {
  Program p;
  p.load(offsetof(seccomp_data, arch));
  p.if_equal(AUDIT_ARCH_X86_64, 1, 0);
  p.end(SECCOMP_RET_ALLOW);  // the profile lets programs of 32 bits run, and so do we
  p.load(offsetof(seccomp_data, nr));
  for (std::uint32_t number : kRefused) {
    p.if_equal(number, 0, 1);
    p.end(kRefusal);
  }
  p.if_equal(SYS_clone3, 0, 1);
  p.end(SECCOMP_RET_ERRNO | ENOSYS);
  p.if_equal(SYS_clone, 0, 3);
  p.load(kFirstArgument);
  p.if_any(kNamespaces, 0, 1);
  p.end(kRefusal);
  p.load(offsetof(seccomp_data, nr));
  p.if_equal(SYS_personality, 1, 0);
  p.end(SECCOMP_RET_ALLOW);
  p.load(kFirstArgument);
  for (std::uint32_t personality : kPersonalities) {
    p.if_equal(personality, 0, 1);
    p.end(SECCOMP_RET_ALLOW);
  }
  p.end(kRefusal);
  return p;
}

}  // namespace

int refuse_as_containers_do() { return program().install() == 0 ? 0 : errno; }

}  // namespace scratchpack
