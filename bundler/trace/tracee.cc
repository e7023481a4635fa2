#include "bundler/trace/tracee.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace scratchpack {
namespace {

constexpr std::uint64_t kPage = 4096;

/// As bytes_at, a word at a time; words that are aligned lie in one page.
bool words_at(pid_t thread, std::uint64_t address, void* out, std::size_t size) {
  constexpr std::uint64_t kWord = sizeof(long);
  for (std::size_t done = 0; done < size;) {
    const std::uint64_t inside = (address + done) % kWord;
    void* place =
        reinterpret_cast<void*>(address + done - inside);  // NOLINT(performance-no-int-to-ptr)
    errno = 0;
    const long word = ::ptrace(PTRACE_PEEKDATA, thread, place, nullptr);
    if (errno != 0) return false;
    const std::size_t piece = std::min<std::size_t>(kWord - inside, size - done);
    std::memcpy(static_cast<char*>(out) + done, reinterpret_cast<const char*>(&word) + inside,
                piece);
    done += piece;
  }
  return true;
}

}  // namespace

std::optional<StoppedCall> stopped_call(pid_t thread) {
  __ptrace_syscall_info info{};
  // The kernel takes the size of what it may fill in as the address.
  void* size = reinterpret_cast<void*>(sizeof info);  // NOLINT(performance-no-int-to-ptr)
  if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, size, &info) < 0) return std::nullopt;
  if (info.arch != AUDIT_ARCH_X86_64) return std::nullopt;
  StoppedCall call;
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    call.ended = true;
    call.result = info.exit.rval;
    return call;
  }
  if (info.op != PTRACE_SYSCALL_INFO_SECCOMP && info.op != PTRACE_SYSCALL_INFO_ENTRY) {
    return std::nullopt;
  }
  // Both begin with number and arguments.
  call.number = static_cast<int>(info.entry.nr);
  std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
  return call;
}

bool bytes_at(pid_t thread, std::uint64_t address, void* out, std::size_t size) {
  iovec here{out, size};
  iovec there{reinterpret_cast<void*>(address), size};  // NOLINT(performance-no-int-to-ptr)
  const ssize_t count = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
  if (count >= 0 || (errno != EPERM && errno != ENOSYS)) {
    return count == static_cast<ssize_t>(size);
  }
  // Docker's seccomp profile lets a process trace its own children, but not read them so.
  return words_at(thread, address, out, size);
}

bool reads_running_processes() {
  char from = 1, to = 0;
  iovec here{&to, 1}, there{&from, 1};
  if (::process_vm_readv(::getpid(), &here, 1, &there, 1, 0) != 1) return false;
  return ::geteuid() != 0 || ::prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE, 0, 0, 0) == 1;
}

std::optional<std::string> text_at(pid_t thread, std::uint64_t address) {
  std::array<char, PATH_MAX> text;
  std::size_t length = 0;
  // Page by page: the next one may not be there.
  while (length < text.size()) {
    std::size_t piece = std::min<std::size_t>(kPage - (address + length) % kPage,
                                              std::min<std::size_t>(text.size() - length, 256));
    if (!bytes_at(thread, address + length, text.data() + length, piece)) return std::nullopt;
    const void* end = std::memchr(text.data() + length, 0, piece);
    if (end != nullptr) return std::string(text.data());
    length += piece;
  }
  return std::nullopt;
}

std::optional<std::string> link_of(pid_t thread, const std::string& name) {
  std::array<char, PATH_MAX> target;
  const std::string link = "/proc/" + std::to_string(thread) + "/" + name;
  ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  if (length <= 0 || static_cast<std::size_t>(length) == target.size()) return std::nullopt;
  std::string path(target.data(), static_cast<std::size_t>(length));
  if (path[0] != '/' || path.ends_with(" (deleted)")) return std::nullopt;
  return path;
}

}  // namespace scratchpack
