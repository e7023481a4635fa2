// Two processes: the first enters new namespaces and builds the root, the second, PID 1 in them,
// steps into that root, gives up everything and becomes the program. The first only waits, so
// that the second is reaped and dies with it.
//
// The root is a tmpfs mounted over a directory that exists everywhere, in a mount namespace of our
// own: nothing is left behind, whatever kills us.
#include "bundler/isolate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "bundler/base/file.h"
#include "bundler/container_filter.h"
#include "bundler/trace/filter.h"
#include "bundler/trace/missed.h"

namespace scratchpack {
namespace {

constexpr int kSetUpFailed = 125;  ///< a reason lies in the pipe

void write_text(const char* path, const std::string& text) {
  Descriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  must(file.get(), path);
  must(::write(file.get(), text.data(), text.size()), path);
}

/// Mounts something at a new place in the root.
void bind_mount(const std::string& source, const std::string& place, mode_t mode,
                const char* what) {
  Descriptor file(::open(place.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  must(file.get(), what);
  must(::mount(source.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), what);
}

/// Fills `root` with the program under its name, /proc, /dev, and /tmp if asked for.
void build_root(const Isolation& isolation, const std::string& root, const std::string& name) {
  // Opened here: a bind mount wants a source in its own mount namespace. And before the tmpfs may
  // cover it.
  Descriptor program(::open(isolation.program.c_str(), O_PATH | O_CLOEXEC));
  must(program.get(), "open the program");
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount /");
  must(::mount("scratchpack", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"),
       "mount tmpfs");
  bind_mount(fmt::format("/proc/self/fd/{}", program.get()), root + name, 0755, "bind the program");
  must(::mkdir((root + "/dev").c_str(), 0755), "mkdir /dev");
  make_devices(root + "/dev");
  must(::mkdir((root + "/proc").c_str(), 0555), "mkdir /proc");
  if (!isolation.with_tmp) return;
  must(::mkdir((root + "/tmp").c_str(), 01777), "mkdir /tmp");
  must(::mount("scratchpack", (root + "/tmp").c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"),
       "mount /tmp");
}

/// A fresh /proc where the kernel allows one, else the one we have: it shows other numbers, but
/// /proc/self is right in both.
void mount_proc(const std::string& root) {
  std::string place = root + "/proc";
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount("proc", place.c_str(), "proc", flags, nullptr) == 0) return;
  must(::mount("/proc", place.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "mount /proc");
}

void step_into(const std::string& root) {
  unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
  must(::mount(nullptr, root.c_str(), nullptr, flags, nullptr), "make the root read-only");
  must(::chdir(root.c_str()), "enter the root");
  must(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(::umount2(".", MNT_DETACH), "leave the old root");
  must(::chdir("/"), "enter the root");
}

void drop_privileges(const Identity& user) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability);
  }
  ::setgroups(0, nullptr);  // refused, and without groups to drop, in a user namespace
  must(::setresgid(user.group, user.group, user.group), "setgid");
  must(::setresuid(user.user, user.user, user.user), "setuid");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  must(::syscall(SYS_capset, &header, none), "capset");
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

/// What Docker sets, and the bootloader's own variables for whoever looks into a failure.
std::vector<std::string> container_environment() {
  std::vector<std::string> environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=verify",
      "HOME=/"};
  for (const char* name : {"SCRATCHPACK_DEBUG", "SCRATCHPACK_MODE"}) {
    if (const char* value = std::getenv(name)) {
      environment.push_back(fmt::format("{}={}", name, value));
    }
  }
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// Sends a descriptor, or that there is none.
void send_descriptor(int socket, const Descriptor& descriptor) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (descriptor.valid()) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    int number = descriptor.get();
    std::memcpy(CMSG_DATA(header), &number, sizeof number);
  }
  must(::sendmsg(socket, &message, MSG_NOSIGNAL), "hand over the listener");
}

/// What the other end sent; invalid when that was nothing, or its end.
Descriptor receive_descriptor(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) return Descriptor();
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return Descriptor();
  int number = -1;
  std::memcpy(&number, CMSG_DATA(header), sizeof number);
  return Descriptor(number);
}

/// PID 1 of the new namespaces, up to the program itself.
/// `to_watcher` is a socket that takes the listener of its calls; -1: nobody watches.
void become_program(const Isolation& isolation, const std::string& root, const std::string& name,
                    int to_watcher) {
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
  mount_proc(root);
  step_into(root);
  drop_privileges(isolation.user);
  // Changing the user clears it; before, our parent could have died unnoticed.
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
  refuse_as_containers_do();  // a kernel without filters has containers without them
  if (to_watcher >= 0) send_descriptor(to_watcher, hold_searches());
  std::vector<std::string> words = {name};
  words.insert(words.end(), isolation.arguments.begin(), isolation.arguments.end());
  std::vector<std::string> environment = isolation.environment.value_or(container_environment());
  if (isolation.output >= 0) {
    must(::dup2(isolation.output, STDOUT_FILENO), "take over standard output");
    must(::dup2(isolation.output, STDERR_FILENO), "take over standard error");
  }
  must(::execve(name.c_str(), pointers(words).data(), pointers(environment).data()),
       "execute the program");
}

/// Runs `work` in a child; what it throws goes into the pipe.
template <typename Work>
pid_t spawn(int pipe, const Work& work) {
  pid_t child = ::fork();
  if (child != 0) return child;
  int status = kSetUpFailed;
  try {
    status = work();
  } catch (const std::exception& error) {
    std::string reason = error.what();
    if (::write(pipe, reason.data(), reason.size()) < 0) status = kSetUpFailed;
  }
  ::_exit(status);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kSetUpFailed;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Whether the process ended in time. Meanwhile `watch`, if there is one, sees its calls.
bool ends_within(pid_t child, std::chrono::seconds timeout, std::optional<MissWatch>& watch) {
  Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  must(process.get(), "watch the program");
  bool watching = watch.has_value();
  auto end = std::chrono::steady_clock::now() + timeout;
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    struct pollfd watched[] = {{process.get(), POLLIN, 0},
                               {watching ? watch->descriptor() : -1, POLLIN, 0}};
    int count = ::poll(watched, 2, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (count == 0) return false;
    if (count < 0 && errno != EINTR) must(-1, "watch the program");
    if (count < 0) continue;
    if ((watched[1].revents & POLLIN) != 0) watch->serve();
    if ((watched[1].revents & POLLHUP) != 0) watching = false;  // nobody is left
    if (watched[0].revents != 0) return true;
  }
}

}  // namespace

IsolationError::IsolationError(const std::string& program, std::string reason)
    : Error(fmt::format(
          "run {} in an empty root: {} (run it as root, or where users may make namespaces)",
          program, reason)),
      reason_(std::move(reason)) {}

void must(long result, const std::string& what) {
  if (result < 0) throw Error(fmt::format("{}: {}", what, errno_text(errno)));
}

void enter_namespaces(int flags, const Identity& user) {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
  if (::unshare(flags) == 0) return;
  if (errno != EPERM) must(-1, "unshare");
  must(::unshare(flags | CLONE_NEWUSER), "unshare");
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", fmt::format("{} {} 1", user.user, uid));
  write_text("/proc/self/gid_map", fmt::format("{} {} 1", user.group, gid));
}

void make_devices(const std::string& folder) {
  for (const char* name : {"null", "zero", "full", "random", "urandom"}) {
    std::string source = fmt::format("/dev/{}", name);
    if (::access(source.c_str(), F_OK) == 0) bind_mount(source, folder + "/" + name, 0666, name);
  }
  const std::pair<const char*, const char*> links[] = {{"/proc/self/fd", "fd"},
                                                       {"/proc/self/fd/0", "stdin"},
                                                       {"/proc/self/fd/1", "stdout"},
                                                       {"/proc/self/fd/2", "stderr"}};
  for (const auto& [target, name] : links) {
    must(::symlink(target, (folder + "/" + name).c_str()), "link in /dev");
  }
}

int run_isolated(const Isolation& isolation) {
  int ends[2];
  must(::pipe2(ends, O_CLOEXEC), "pipe");
  Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  const std::string root = std::filesystem::temp_directory_path();
  const std::string name =
      fmt::format("/{}", std::filesystem::path(isolation.program).filename().string());

  int sockets[2] = {-1, -1};
  if (isolation.missed != nullptr) {
    must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), "socketpair");
  }
  Descriptor from_program(sockets[0]);
  Descriptor to_watcher(sockets[1]);

  pid_t child = spawn(writer.get(), [&] {
    enter_namespaces(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC, isolation.user);
    build_root(isolation, root, name);
    pid_t first = spawn(writer.get(), [&] {
      become_program(isolation, root, name, to_watcher.get());
      return kSetUpFailed;
    });
    must(first, "fork");
    to_watcher = Descriptor();
    return wait_for(first);
  });
  must(child, "fork");
  writer = Descriptor();
  std::optional<MissWatch> watch;
  if (isolation.missed != nullptr) {
    to_watcher = Descriptor();
    Descriptor listener = receive_descriptor(from_program.get());
    if (listener.valid()) watch.emplace(Listener(std::move(listener)));
  }
  bool in_time = ends_within(child, isolation.timeout, watch);
  if (!in_time) ::kill(child, SIGKILL);
  int status = wait_for(child);
  if (watch) *isolation.missed = watch->missed();
  char reason[512];
  // Its writing ends are all closed by now: exec closes them, and so does a killed child.
  ssize_t length = ::read(reader.get(), reason, sizeof reason);
  if (length > 0) {
    throw IsolationError(isolation.program, std::string(reason, static_cast<std::size_t>(length)));
  }
  return in_time ? status : kTimedOut;
}

}  // namespace scratchpack
