#include "bundler/health_trace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "bundler/base/error.h"
#include "bundler/trace/end_of_run.h"

namespace scratchpack {
namespace {

constexpr int kPauseMilliseconds = 1000;
constexpr unsigned kSecondsForOne = 10;

// Of a message, its first byte. Behind it there is a profile, or the reason of a failure.
constexpr char kSucceeded = 's', kNeverDid = 'n', kFailed = 'f';

/// Whether this side is to end, or should the pause be over first.
bool told_to_end(const Descriptor& running) {
  pollfd waited{running.get(), POLLIN, 0};
  int count = 0;
  while ((count = ::poll(&waited, 1, kPauseMilliseconds)) < 0 && errno == EINTR) {
  }
  return count != 0;
}

/// The profile of all tries, behind whether the last of them succeeded.
std::string tries(const std::function<Traced()>& check, const Descriptor& running) {
  Profile all;
  while (true) {
    const EndOfRun end(kSecondsForOne);
    Traced traced = check();
    if (!traced.refusal.empty()) return kFailed + traced.refusal;
    all.merge(traced.profile);
    if (traced.status == 0) return kSucceeded + to_json(all);
    if (told_to_end(running)) return kNeverDid + to_json(all);
  }
}

/// In the other process, of a group that a terminal does not send its signals to.
std::string message_of_tries(const std::function<Traced()>& check, const Descriptor& running) {
  try {
    ::setpgid(0, 0);
    const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ::dup2(nothing.get(), STDIN_FILENO);
    return tries(check, running);
  } catch (const std::exception& error) {
    return kFailed + std::string(error.what());
  }
}

}  // namespace

HealthTrace::HealthTrace(std::function<Traced()> check)
    : running_("--healthcheck"), listener_([this, check] { fork_and_listen(check); }) {
  forked_.wait();
}

HealthTrace::~HealthTrace() {
  running_.write_end = Descriptor();
  if (listener_.joinable()) listener_.join();
}

/// In a thread that lives as long as its child: a tracer in another one does not wait for it then.
void HealthTrace::fork_and_listen(const std::function<Traced()>& check) {
  Pipe found("--healthcheck");
  const pid_t child = ::fork();
  if (child < 0) message_ = kFailed + errno_text(errno);
  if (child != 0) forked_.count_down();
  if (child < 0) return;
  if (child == 0) {
    running_.write_end = Descriptor();
    found.read_end = Descriptor();
    send_all(found.write_end, message_of_tries(check, running_.read_end));
    ::_exit(0);
  }
  found.write_end = Descriptor();
  message_ = receive_all(found.read_end);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

HealthTrace::Result HealthTrace::end() {
  running_.write_end = Descriptor();
  listener_.join();
  const std::string text = message_.empty() ? "it was killed" : message_.substr(1);
  const char kind = message_.empty() ? kFailed : message_[0];
  if (kind == kFailed) return {.failure = text};
  return {.failure = kind == kSucceeded ? "" : "it did not succeed beside the traced runs",
          .profile = parse_profile(text, "of the health check")};
}

}  // namespace scratchpack
