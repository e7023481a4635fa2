// From a system call to what it means: which path it names, and what becomes of the file there.
//
// What only searches is told before it is made, by a look of the tracer's own: that spares the
// program a second stop. It is right for who may do what the tracer may; a file that a program gave
// up the right to read is recorded all the same. What makes something is told by its end.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <unordered_map>

#include "bundler/trace/named_path.h"
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

  /// Whether the call is one of those that begin() takes note of.
  static bool sees(const StoppedCall& call);
  /// Whether the kernel itself may take its time for this call, which a signal then ends: an open
  /// of a pipe or a device.
  bool may_wait(pid_t thread, const StoppedCall& call);

 private:
  /// A call that is not over.
  struct Begun {
    const Call* call;
    std::string path;
    std::uint64_t flags;   ///< of an open
    std::string root;      ///< where an execve looks for interpreters, see root_of
    bool existed = false;  ///< what the path leads to
  };

  std::string root_of(pid_t thread) const;
  std::optional<std::string> absolute(pid_t thread, const NamedPath& named);
  std::string inside(const std::string& root, const std::string& path);
  void search(pid_t thread, const NamedPath& named, std::optional<Use> use);
  bool find(const std::string& path, Use use, std::uint64_t open_flags);
  void end_open(const Begun& begun);

  Recorder& recorder_;
  std::unordered_map<pid_t, Begun> begun_;
  std::unordered_map<std::string, Use> settled_;  ///< absolute, as programs wrote them
  bool other_roots_ = false;                      ///< somebody called chroot
};

}  // namespace scratchpack
