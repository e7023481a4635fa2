// The health check of an application that is traced while a bundle of it is built. What it imports
// and opens goes in as well: with --prune it would be missing otherwise, and a container would turn
// unhealthy for no reason of the application's.
#pragma once

#include <functional>
#include <latch>
#include <string>
#include <thread>

#include "bundler/base/pipe.h"
#include "bundler/trace/tracer.h"

namespace scratchpack {

/// Traces the check beside whatever this process does meanwhile: again a second after it failed, as
/// a server takes a while to answer, until it succeeds or this object is told to end. Each try has
/// ten seconds, then it gets SIGTERM. The tries are made by another process, as this one may be a
/// tracer itself; ^C of a terminal does not reach them, and they have no standard input.
class HealthTrace {
 public:
  /// `check` makes one try. It is called in the other process.
  explicit HealthTrace(std::function<Traced()> check);
  HealthTrace(const HealthTrace&) = delete;
  HealthTrace& operator=(const HealthTrace&) = delete;
  ~HealthTrace();

  struct Result {
    std::string failure = {};  ///< why it never succeeded; empty: it did
    Profile profile = {};      ///< of all tries
  };
  /// No more tries; one that is under way may come to its end.
  Result end();

 private:
  void fork_and_listen(const std::function<Traced()>& check);

  std::latch forked_{1};  ///< till then this process does nothing else: a fork copies its locks
  Pipe running_;          ///< nothing is sent: its closed end tells that this object ends
  std::string message_;   ///< what the other process has found out
  std::thread listener_;
};

}  // namespace scratchpack
