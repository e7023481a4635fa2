#include "bundler/trace/tracer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/values.h"
#include "bundler/find/script.h"
#include "bundler/find/sysroot.h"
#include "bundler/trace/filter.h"
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

/// The signals of this process while it traces: all that are passed on, and SIGCHLD, wait to be
/// fetched. PID 1 of a container gets them, too: what is blocked is not ignored.
class FetchedSignals {
 public:
  FetchedSignals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGCHLD);
    for (int each : kPassedOn) ::sigaddset(&set_, each);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, &child_before_);
  }
  FetchedSignals(const FetchedSignals&) = delete;
  FetchedSignals& operator=(const FetchedSignals&) = delete;
  ~FetchedSignals() { restore(); }

  void restore() const {
    ::sigaction(SIGCHLD, &child_before_, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  /// Waits for one.
  siginfo_t next() const {
    siginfo_t info{};
    while (::sigwaitinfo(&set_, &info) < 0 && errno == EINTR) {
    }
    return info;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  struct sigaction child_before_ {};
};

struct Pipe {
  Descriptor read_end, write_end;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw Error(fmt::format("trace: make a pipe: {}", errno_text(errno)));
    }
    read_end = Descriptor(ends[0]);
    write_end = Descriptor(ends[1]);
  }
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

class Tracer {
 public:
  explicit Tracer(const TraceRequest& request)
      : request_(request),
        recorder_({.allow_private = request.allow_private, .whereabouts = whereabouts()}),
        observer_(recorder_) {}

  Traced run() {
    int error = 0;
    const std::string program = program_path(request_.command.front(), error);
    if (error == 0) error = start(program);
    if (error == 0) {
      follow();
      if (std::optional<int> failed = receive(from_child_.read_end)) error = *failed;
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
  /// The child, held before its execve until it is traced. Returns an errno.
  int start(const std::string& program) {
    std::vector<std::string> words = request_.command;
    std::vector<char*> arguments = pointers(words);
    main_ = ::fork();
    if (main_ < 0) throw Error(fmt::format("trace: start a process: {}", errno_text(errno)));
    if (main_ == 0) become(program, arguments);
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
    send(to_child_.write_end, 1);
    every_call_ = receive(from_child_.read_end).value_or(0) != 0;
    // A stop from which it is let go the way it will be from every other.
    ::ptrace(PTRACE_INTERRUPT, main_, nullptr, nullptr);
    send(to_child_.write_end, 1);
    return 0;
  }

  [[noreturn]] void become(const std::string& program, std::vector<char*>& arguments) {
    to_child_.write_end = Descriptor();
    from_child_.read_end = Descriptor();
    if (request_.output_to_errors) ::dup2(STDERR_FILENO, STDOUT_FILENO);
    if (!receive(to_child_.read_end)) ::_exit(127);
    send(from_child_.write_end, install_filter());
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

  /// Until no process is left.
  void follow() {
    while (true) {
      int status = 0;
      pid_t thread = ::waitpid(-1, &status, __WALL | WNOHANG);
      if (thread > 0) {
        note(thread, status);
      } else if (thread == 0) {
        pass_on(signals_.next());
      } else if (errno != EINTR) {
        return;
      }
    }
  }

  /// What somebody sent to the tracer; not what the terminal sent to all of its group.
  void pass_on(const siginfo_t& info) const {
    if (info.si_signo == SIGCHLD || info.si_code == SI_KERNEL) return;
    if (!main_ended_) {
      ::kill(main_, info.si_signo);
      return;
    }
    for (pid_t thread : threads_) ::kill(thread, info.si_signo);
  }

  void note(pid_t thread, int status) {
    if (WIFSTOPPED(status)) return stopped(thread, WSTOPSIG(status), status >> 16);
    observer_.forget(thread);
    threads_.erase(thread);
    if (thread != main_) return;
    main_ended_ = true;
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  void stopped(pid_t thread, int signal, int event) {
    threads_.insert(thread);
    if (event == PTRACE_EVENT_SECCOMP || (event == 0 && signal == kCallStop)) {
      return resume(thread, called(thread));
    }
    if (event == PTRACE_EVENT_EXEC) {
      unsigned long former = 0;
      ::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &former);
      observer_.executed(static_cast<pid_t>(former));
      return resume(thread, false);
    }
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      // Stopped as by SIGSTOP; it stays so until SIGCONT.
      ::ptrace(PTRACE_LISTEN, thread, nullptr, nullptr);
      return;
    }
    resume(thread, false, event == 0 ? signal : 0);
  }

  /// Whether the end of the call at which the thread stands has to be seen.
  bool called(pid_t thread) {
    std::optional<StoppedCall> call = stopped_call(thread);
    if (!call) return false;
    if (!call->ended) return observer_.begin(thread, *call);
    observer_.end(thread, call->result);
    return false;
  }

  /// A thread that was killed meanwhile is none of this function's business.
  void resume(pid_t thread, bool to_end_of_call, long signal = 0) const {
    ::ptrace(to_end_of_call || every_call_ ? PTRACE_SYSCALL : PTRACE_CONT, thread, nullptr,
             number(signal));
  }

  const TraceRequest& request_;
  Recorder recorder_;
  Observer observer_;
  FetchedSignals signals_;
  Pipe to_child_, from_child_;
  pid_t main_ = -1;
  bool every_call_ = false;  ///< the kernel has no filters: each call stops
  bool main_ended_ = false;
  int status_ = 0;
  std::set<pid_t> threads_;
};

}  // namespace

Traced trace(const TraceRequest& request) { return Tracer(request).run(); }

}  // namespace scratchpack
