// What a signal must not leave behind: the temporary files and folders of outputs that are not
// finished.
#pragma once

#include <csignal>
#include <string>

namespace scratchpack {

/// Signals wait while this lives: between making a file and remembering it.
class HeldSignals {
 public:
  HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();

 private:
  sigset_t before_;
};

/// A file or folder that is removed, with all in it, when the program dies of a signal in the
/// lifetime of this object. Removing it otherwise stays the owner's business. At most eight at a
/// time are remembered; more are left alone.
class Unfinished {
 public:
  Unfinished() = default;
  explicit Unfinished(const std::string& path);
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished();
  /// From now on this path instead; an empty one is none.
  void reset(const std::string& path);

 private:
  int slot_ = -1;
};

/// Makes SIGHUP, SIGINT and SIGTERM remove what is unfinished before they end the program as they
/// would have. Signals that are ignored stay so.
void remove_unfinished_on_signals();

}  // namespace scratchpack
