#include "bundler/trace/tracer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/pipe.h"
#include "bundler/base/values.h"
#include "bundler/find/script.h"
#include "bundler/find/sysroot.h"
#include "bundler/trace/filter.h"
#include "bundler/trace/listener.h"
#include "bundler/trace/observer.h"
#include "bundler/trace/recorder.h"

namespace scratchpack {
namespace {

constexpr int kPassedOn[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr long kOptions = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
                          PTRACE_O_EXITKILL;
constexpr int kCallStop = SIGTRAP | 0x80;

/// ptrace takes numbers where the header says pointers.
void* number(long value) {
  return reinterpret_cast<void*>(value);  // NOLINT(performance-no-int-to-ptr)
}

std::string current_directory() {
  std::array<char, 4096> path;
  return ::getcwd(path.data(), path.size()) == nullptr ? "" : path.data();
}

std::vector<std::string> whereabouts() {
  std::vector<std::string> places{current_directory()};
  if (const char* home = std::getenv("HOME")) places.push_back(normal_path(home));
  return places;
}

/// The file that execvp would run; what it would fail with otherwise is in `error`.
std::string program_path(const std::string& name, int& error) {
  error = 0;
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::vector<std::string> folders = path == nullptr ? default_path() : split(path, ':');
  error = ENOENT;
  for (const std::string& folder : folders) {
    std::string candidate = folder + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) {
      error = 0;
      return candidate;
    }
    if (errno == EACCES) error = EACCES;
  }
  return name;
}

/// The signals of this process while it traces: all that are passed on wait to be fetched. PID 1 of
/// a container gets them, too: what is blocked is not ignored. Threads begun from now on inherit
/// it.
class FetchedSignals {
 public:
  FetchedSignals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (int each : kPassedOn) ::sigaddset(&set, each);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    descriptor_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC));
    // Ignored, children would end unseen; and none has to be told of stops, waitpid sees them.
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    standard.sa_flags = SA_NOCLDSTOP;
    ::sigaction(SIGCHLD, &standard, &child_before_);
  }
  FetchedSignals(const FetchedSignals&) = delete;
  FetchedSignals& operator=(const FetchedSignals&) = delete;
  ~FetchedSignals() { restore(); }

  void restore() const {
    ::sigaction(SIGCHLD, &child_before_, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  int descriptor() const { return descriptor_.get(); }
  /// The next one, which poll said is there.
  signalfd_siginfo next() const {
    signalfd_siginfo info{};
    while (::read(descriptor_.get(), &info, sizeof info) < 0 && errno == EINTR) {
    }
    return info;
  }

 private:
  Descriptor descriptor_;
  sigset_t before_{};
  struct sigaction child_before_ {};
};

void send(const Descriptor& pipe, int value) {
  while (::write(pipe.get(), &value, sizeof value) < 0 && errno == EINTR) {
  }
}

/// What the other side sent; nothing when it is gone.
std::optional<int> receive(const Descriptor& pipe) {
  int value = 0;
  ssize_t count = 0;
  while ((count = ::read(pipe.get(), &value, sizeof value)) < 0 && errno == EINTR) {
  }
  return count == sizeof value ? std::optional(value) : std::nullopt;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

/// Two threads: the one that calls `run` is the ptracer; the other takes in what comes by
/// descriptors, calls that are held and signals.
class Tracer {
 public:
  explicit Tracer(const TraceRequest& request)
      : request_(request),
        recorder_({.allow_private = request.allow_private, .whereabouts = whereabouts()}),
        observer_(recorder_) {}

  Traced run() {
    int error = 0;
    const std::string program = program_path(request_.command.front(), error);
    if (error == 0) {
      start(program);
      std::thread attendant(&Tracer::attend, this);
      follow();
      over_.write_end = Descriptor();
      attendant.join();
      error = receive(from_child_.read_end).value_or(0);
    }
    if (error != 0) {
      return {.status = error == ENOENT ? 127 : 126,
              .refusal = fmt::format("trace {}: {}", request_.command.front(), errno_text(error))};
    }
    Traced traced{.status = status_, .profile = std::move(recorder_).profile()};
    traced.profile.runs.push_back(
        {normal_path(program.starts_with('/') ? program : current_directory() + "/" + program),
         status_});
    return traced;
  }

 private:
  /// The child, held before its execve until it is traced.
  void start(const std::string& program) {
    std::vector<std::string> words = request_.command;
    std::vector<char*> arguments = pointers(words);
    // Filters are of one thread and of what it starts; a listener is of the whole process.
    std::thread([&] {
      Filter filter = install_filter(reads_running_processes());
      every_call_ = filter.error != 0;
      listener_ = Listener(std::move(filter.listener));
      main_ = ::fork();
      if (main_ == 0) become(program, arguments);
      if (main_ < 0) fork_error_ = errno;
    }).join();
    if (main_ < 0) throw Error(fmt::format("trace: start a process: {}", errno_text(fork_error_)));
    to_child_.read_end = Descriptor();
    from_child_.write_end = Descriptor();
    if (::ptrace(PTRACE_SEIZE, main_, nullptr, number(kOptions)) != 0) {
      int reason = errno;
      ::kill(main_, SIGKILL);
      ::waitpid(main_, nullptr, 0);
      throw Error(
          fmt::format("trace {}: {} (ptrace is forbidden: see "
                      "/proc/sys/kernel/yama/ptrace_scope and the container's seccomp "
                      "profile)",
                      program, errno_text(reason)));
    }
    threads_.insert(main_);
    // A stop from which it is let go the way it will be from every other.
    ::ptrace(PTRACE_INTERRUPT, main_, nullptr, nullptr);
    send(to_child_.write_end, 1);
  }

  [[noreturn]] void become(const std::string& program, std::vector<char*>& arguments) {
    to_child_.write_end = Descriptor();
    from_child_.read_end = Descriptor();
    if (request_.output_to_errors) ::dup2(STDERR_FILENO, STDOUT_FILENO);
    if (!receive(to_child_.read_end)) ::_exit(127);
    signals_.restore();
    ::execv(program.c_str(), arguments.data());
    int error = errno;
    if (error == ENOEXEC) {  // a script without #!, as execvp runs it
      std::string shell = "/bin/sh", script = program;
      std::vector<char*> words{shell.data(), script.data()};
      words.insert(words.end(), arguments.begin() + 1, arguments.end());
      ::execv(shell.c_str(), words.data());
      error = errno;
    }
    send(from_child_.write_end, error);
    ::_exit(127);
  }

  /// Until no process is left. Those that other threads started are not ours.
  void follow() {
    while (true) {
      int status = 0;
      pid_t thread = ::waitpid(-1, &status, __WALL | __WNOTHREAD);
      if (thread > 0) {
        note(thread, status);
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  /// Until `follow` is done.
  void attend() {
    pollfd over{over_.read_end.get(), POLLIN, 0};
    pollfd signals{signals_.descriptor(), POLLIN, 0};
    pollfd calls{listener_.descriptor(), POLLIN, 0};
    for (std::array<pollfd, 3> sources{over, signals, calls}; sources[0].revents == 0;) {
      if (::poll(sources.data(), sources.size(), -1) < 0) continue;
      if (sources[1].revents != 0) pass_on(signals_.next());
      if ((sources[2].revents & POLLIN) != 0) take_held();
      if ((sources[2].revents & POLLHUP) != 0) sources[2].fd = -1;
    }
  }

  void take_held() {
    std::optional<HeldCall> held = listener_.receive();
    if (!held) return;
    observe(held->thread, held->call);
    listener_.let_go(*held);
  }

  /// What somebody sent to the tracer; not what the terminal sent to all of its group.
  void pass_on(const signalfd_siginfo& info) {
    if (info.ssi_code == SI_KERNEL) return;
    const int signal = static_cast<int>(info.ssi_signo);
    std::lock_guard lock(state_);
    if (!main_ended_) {
      ::kill(main_, signal);
      return;
    }
    for (pid_t thread : threads_) ::kill(thread, signal);
  }

  void note(pid_t thread, int status) {
    if (WIFSTOPPED(status)) return stopped(thread, WSTOPSIG(status), status >> 16);
    std::lock_guard lock(state_);
    observer_.forget(thread);
    threads_.erase(thread);
    if (thread != main_) return;
    main_ended_ = true;
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  void stopped(pid_t thread, int signal, int event) {
    if (event == PTRACE_EVENT_SECCOMP || (event == 0 && signal == kCallStop)) {
      return resume(thread, called(thread));
    }
    if (event == PTRACE_EVENT_EXEC) {
      unsigned long former = 0;
      ::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &former);
      std::lock_guard lock(state_);
      observer_.executed(static_cast<pid_t>(former));
      return resume(thread, false);
    }
    if (event == PTRACE_EVENT_STOP) {
      std::lock_guard lock(state_);
      threads_.insert(thread);  // each begins with such a stop
      if (signal == SIGTRAP) return resume(thread, false);
      // Stopped as by SIGSTOP; it stays so until SIGCONT.
      ::ptrace(PTRACE_LISTEN, thread, nullptr, nullptr);
      return;
    }
    if (event == 0 && !every_call_) make_again(thread);
    resume(thread, false, event == 0 ? signal : 0);
  }

  /// A signal may take a call back that is held and not yet received. Its handler's flags may say
  /// that it fails then, as a call does that waits; but without a tracer it would not have waited.
  void make_again(pid_t thread) {
    constexpr long kRestartAsHandlerSays = 512, kRestart = 513;  // the kernel's own errnos
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) return;
    if (static_cast<long>(registers.rax) != -kRestartAsHandlerSays) return;
    StoppedCall call{.number = static_cast<int>(registers.orig_rax),
                     .arguments = {registers.rdi, registers.rsi, registers.rdx, registers.r10}};
    std::lock_guard lock(state_);
    if (!observer_.sees(call) || observer_.may_wait(thread, call)) return;
    registers.rax = static_cast<unsigned long long>(-kRestart);
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
  }

  /// Whether the end of the call at which the thread stands has to be seen.
  bool called(pid_t thread) {
    std::optional<StoppedCall> call = stopped_call(thread);
    return call && observe(thread, *call);
  }

  bool observe(pid_t thread, const StoppedCall& call) {
    std::lock_guard lock(state_);
    try {
      if (!call.ended) return observer_.begin(thread, call);
      observer_.end(thread, call.result);
    } catch (const Error&) {  // what it named is gone meanwhile
    }
    return false;
  }

  /// A thread that was killed meanwhile is none of this function's business.
  void resume(pid_t thread, bool to_end_of_call, long signal = 0) const {
    ::ptrace(to_end_of_call || every_call_ ? PTRACE_SYSCALL : PTRACE_CONT, thread, nullptr,
             number(signal));
  }

  const TraceRequest& request_;
  FetchedSignals signals_;
  Pipe to_child_{"trace"}, from_child_{"trace"}, over_{"trace"};
  Listener listener_{Descriptor()};
  bool every_call_ = false;  ///< the kernel has no filters: each call stops
  pid_t main_ = -1;
  int fork_error_ = 0;

  std::mutex state_;  ///< guards what follows
  Recorder recorder_;
  Observer observer_;
  bool main_ended_ = false;
  int status_ = 0;
  std::set<pid_t> threads_;
};

}  // namespace

Traced trace(const TraceRequest& request) { return Tracer(request).run(); }

}  // namespace scratchpack
