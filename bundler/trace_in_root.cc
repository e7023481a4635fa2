// The tracer itself runs inside: a child enters namespaces and the root, traces there, so that
// every path is what the command says, and hands the profile back through a pipe.
//
//   folder/root                      the image, below an overlay and never written
//   folder/over (tmpfs)  upper/      what the command writes
//                        work/       the overlay's own
//                        merged/     what becomes the root
#include "bundler/trace_in_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/pipe.h"
#include "bundler/find/profile.h"
#include "bundler/isolate.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

constexpr char kProfile = 'P', kRefused = 'R', kFailed = 'F';  // what a message begins with

void mount_at(const char* source, const std::string& place, const char* type, unsigned long flags,
              const char* options) {
  must(::mount(source, place.c_str(), type, flags, options), "mount " + place);
}

/// Of this machine: names and servers, so that the command reaches what it asks for.
void bind_network_files() {
  for (const char* name : {"etc/hosts", "etc/resolv.conf"}) {
    const std::string ours = std::string("/") + name, theirs = std::string("over/merged/") + name;
    if (::access(ours.c_str(), R_OK) != 0) continue;
    std::error_code ignored;
    fs::create_directories("over/merged/etc", ignored);
    Descriptor file(::open(theirs.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file.valid()) continue;  // a link to what only a running system has
    ::mount(ours.c_str(), theirs.c_str(), nullptr, MS_BIND, nullptr);
  }
}

/// Relative to `folder`, as its name may hold what separates an overlay's options.
void build_root() {
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount /");
  must(::mkdir("over", 0755) == 0 || errno == EEXIST ? 0 : -1, "mkdir over");
  mount_at("scratchpack", "over", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
  for (const char* name : {"over/upper", "over/work", "over/merged"}) {
    must(::mkdir(name, 0755), name);
  }
  mount_at("scratchpack", "over/merged", "overlay", 0,
           "lowerdir=root,upperdir=over/upper,workdir=over/work");
  for (const auto& [name, mode] : {std::pair{"proc", 0555}, {"dev", 0755}, {"tmp", 01777}}) {
    const std::string place = std::string("over/merged/") + name;
    must(::mkdir(place.c_str(), static_cast<mode_t>(mode)) == 0 || errno == EEXIST ? 0 : -1, place);
  }
  mount_at("/proc", "over/merged/proc", nullptr, MS_BIND | MS_REC, nullptr);
  mount_at("scratchpack", "over/merged/dev", "tmpfs", MS_NOSUID, "mode=0755");
  make_devices("over/merged/dev");
  bind_network_files();
}

void enter(const RootedTrace& request) {
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
  enter_namespaces(CLONE_NEWNS, {0, 0});
  must(::chdir(request.folder.c_str()), "enter " + request.folder);
  build_root();
  must(::chroot("over/merged"), "chroot");
  must(::chdir("/"), "enter the root");
  std::error_code code;
  fs::create_directories(request.workdir, code);
  must(::chdir(request.workdir.c_str()), "enter " + request.workdir);
  ::clearenv();
  for (const std::string& each : request.environment) {
    const std::size_t equals = each.find('=');
    ::setenv(each.substr(0, equals).c_str(), each.substr(equals + 1).c_str(), 1);
  }
}

/// In the child: what it has found out, as one message.
std::string traced_inside(const RootedTrace& request) {
  try {
    enter(request);
    Traced traced = trace({.command = request.command, .output_to_errors = true});
    if (!traced.refusal.empty()) return kRefused + traced.refusal;
    return fmt::format("{}{}\n{}", kProfile, traced.status, to_json(traced.profile));
  } catch (const std::exception& error) {
    return kFailed + std::string(error.what());
  }
}

/// Signals sent to this process go to the tracer, which hands them on. Those of a terminal reach
/// the command by themselves.
class HandedOn {
 public:
  explicit HandedOn(pid_t child) {
    child_ = child;
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = [](int signal, siginfo_t* info, void*) {
      if (info->si_code != SI_KERNEL) ::kill(child_, signal);
    };
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &action, &before_[i]);
  }
  HandedOn(const HandedOn&) = delete;
  HandedOn& operator=(const HandedOn&) = delete;
  ~HandedOn() {
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &before_[i], nullptr);
  }

 private:
  static constexpr std::array<int, 6> kSignals = {SIGTERM, SIGINT,  SIGHUP,
                                                  SIGQUIT, SIGUSR1, SIGUSR2};
  static pid_t child_;
  std::array<struct sigaction, kSignals.size()> before_{};
};

pid_t HandedOn::child_ = -1;

}  // namespace

Traced trace_in_root(const RootedTrace& request) {
  Pipe found("--trace-run");
  pid_t child = ::fork();
  must(child, "fork");
  if (child == 0) {
    send_all(found.write_end, traced_inside(request));
    ::_exit(0);
  }
  found.write_end = Descriptor();
  std::string message;
  {
    HandedOn handed_on(child);
    message = receive_all(found.read_end);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  const std::string text = message.empty() ? "it was killed" : message.substr(1);
  if (message.starts_with(kRefused)) throw Error(text);
  if (!message.starts_with(kProfile)) {
    throw Error(
        fmt::format("--trace-run: run {} inside the image: {} (build as root or where users "
                    "may make namespaces, or trace it elsewhere and give --profile)",
                    request.command.front(), text));
  }
  const std::size_t line = text.find('\n');
  return {.status = std::atoi(text.c_str()),
          .profile = parse_profile(text.substr(line + 1), "of the image")};
}

}  // namespace scratchpack
