// From a stopped system call to what it means: which path it names, and what its result says of
// the file there. One entry and, where the result counts, one end for each call.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "bundler/trace/recorder.h"
#include "bundler/trace/tracee.h"
#include "runtime/calls.h"

namespace scratchpack {

class Observer {
 public:
  explicit Observer(Recorder& recorder) : recorder_(recorder) {}

  /// A thread is about to make a call. True when its end has to be seen, too.
  bool begin(pid_t thread, const StoppedCall& call);
  /// It is made.
  void end(pid_t thread, std::int64_t result);
  /// Of its execve nothing but the new program is left; `former` is the thread that made it.
  void executed(pid_t former);
  /// A thread is gone.
  void forget(pid_t thread) { begun_.erase(thread); }

 private:
  /// A call whose end is awaited.
  struct Begun {
    const Call* call;
    std::string path;         ///< that it names; of two, the new one
    std::uint64_t flags = 0;  ///< of an open
    bool existed = true;      ///< before an open that creates
  };

  std::optional<std::string> absolute(pid_t thread, std::optional<int> directory,
                                      const std::string& path);
  std::optional<std::string> named(pid_t thread, const StoppedCall& call, int directory_at,
                                   int path_at);
  std::optional<std::string> path_of(pid_t thread, const Call& row, const StoppedCall& call);
  bool begin_open(pid_t thread, const StoppedCall& call, Begun& begun) const;
  void end_open(pid_t thread, const Begun& begun, std::int64_t result);
  void fail(const Begun& begun, std::int64_t result);

  Recorder& recorder_;
  std::unordered_map<pid_t, Begun> begun_;
};

}  // namespace scratchpack
