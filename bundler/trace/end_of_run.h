// The end of a traced run that does not end by itself, as a server does not.
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "bundler/base/error.h"

namespace scratchpack {

/// Sends SIGTERM to this process after so many seconds (0: never), which a tracer passes on to what
/// it traces. Throws Error where no timer can be made.
class EndOfRun {
 public:
  explicit EndOfRun(unsigned seconds) {
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGTERM;
    itimerspec time = {};
    time.it_value.tv_sec = seconds;
    is_set_ = seconds != 0;
    if (!is_set_) return;
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
      throw Error(fmt::format("trace for {} seconds: {}", seconds, errno_text(errno)));
    }
    ::timer_settime(timer_, 0, &time, nullptr);
  }
  EndOfRun(const EndOfRun&) = delete;
  EndOfRun& operator=(const EndOfRun&) = delete;
  ~EndOfRun() {
    if (is_set_) ::timer_delete(timer_);
  }

 private:
  timer_t timer_ = {};
  bool is_set_ = false;
};

}  // namespace scratchpack
