// Compressed frames on their way: where a frame goes is known only when the sizes of all are, and
// together they may be larger than memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "bundler/base/file.h"

namespace scratchpack {

/// A nameless file in the folder of the output, which has to have room for as much anyway.
class Spool {
 public:
  /// Throws Error (`write OUTPUT: …`).
  explicit Spool(const std::string& output);
  /// May be called by several threads at once. Returns the place of the bytes.
  std::uint64_t append(std::span<const std::uint8_t> bytes);
  /// Hands `size` bytes from `place` on to `out`, piece by piece.
  void copy(std::uint64_t place, std::uint64_t size, const ByteSink& out) const;

 private:
  std::string output_;
  Descriptor file_;
  std::atomic<std::uint64_t> end_ = 0;
};

}  // namespace scratchpack
