// zstd, for writing: independent frames, each with its own checksum, so that cores can share one
// file. The bytes depend on what is compressed, the level and the library's version alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "bundler/base/file.h"
#include "bundler/write/frame_cache.h"

namespace scratchpack {

/// For one thread: its memory serves frame after frame.
class FrameCompressor {
 public:
  /// `level` as zstd's; `cache` may be null. Throws Error when there is not enough memory.
  FrameCompressor(int level, FrameCache* cache);
  FrameCompressor(FrameCompressor&&) noexcept;
  ~FrameCompressor();

  /// One frame: out of the cache, or made and kept there.
  Bytes compress(std::span<const std::uint8_t> bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string settings_;  // what a frame depends on besides its content
  FrameCache* cache_;
};

}  // namespace scratchpack
