// A progress line on standard error: only on a terminal, only for work that takes a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace scratchpack {

/// One piece of work of known length. Draws nothing in its first half second, at most ten times a
/// second afterwards, and wipes its line when it ends; standard error that is no terminal (or a
/// dumb one) never sees a byte. Not for use by several threads at once.
class Progress {
 public:
  /// `total` in the caller's unit (bytes, files); 0 draws no percentage.
  Progress(std::string label, std::uint64_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void advance(std::uint64_t amount);

  /// Switches every later Progress off (--quiet, --json into a terminal).
  static void disable();

 private:
  void draw();

  std::string label_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::chrono::steady_clock::time_point next_;
  bool drawn_ = false;
};

/// Whether words may be set in bold on this descriptor: a terminal, not a dumb one, NO_COLOR unset.
bool may_style(int descriptor);

}  // namespace scratchpack
