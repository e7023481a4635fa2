// zstd, for writing: independent frames, so that cores can share one file, each with its own
// checksum. The bytes do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bundler/base/file.h"

namespace scratchpack {

struct CompressedFrame {
  Bytes bytes;
  std::uint32_t size;  ///< bytes decoded, at most kFrameSize
};

class FrameCompressor {
 public:
  /// `level` as zstd's; `threads` 0: as many as the machine has.
  FrameCompressor(int level, unsigned threads) : level_(level), threads_(threads) {}
  /// Frames of kFrameSize bytes each, the last shorter, in order.
  std::vector<CompressedFrame> compress(std::span<const std::uint8_t> bytes) const;

 private:
  int level_;
  unsigned threads_;
};

/// One frame of everything, at the highest level.
Bytes compress_whole(std::span<const std::uint8_t> bytes);

}  // namespace scratchpack
