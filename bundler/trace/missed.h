// What a program looks for where it is not: paths that it asks the kernel for and that are not
// there.
#pragma once

#include <set>
#include <string>

#include "bundler/trace/listener.h"

namespace scratchpack {

/// Looks on at calls that hold_searches() (filter.h) holds. What is there is looked up in the
/// program's own root, at the moment of the call.
class MissWatch {
 public:
  explicit MissWatch(Listener listener) : listener_(std::move(listener)) {}

  /// To wait for; it is readable when a call is held, and hung up when nobody is left to make one.
  int descriptor() const { return listener_.descriptor(); }
  /// Takes note of the call that is held, and lets it go.
  void serve();

  /// Absolute and normal, of the program's root, by text alone.
  const std::set<std::string>& missed() const { return missed_; }

 private:
  void note(const HeldCall& held);

  Listener listener_;
  std::set<std::string> missed_;
};

}  // namespace scratchpack
