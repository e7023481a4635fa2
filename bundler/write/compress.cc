#include "bundler/write/compress.h"

#include <fmt/format.h>
#include <zstd.h>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result)) {
    throw Error(fmt::format("compress content: {}", ZSTD_getErrorName(result)));
  }
  return result;
}

}  // namespace

struct FrameCompressor::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw Error("compress content: not enough memory");
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeCCtx(zstd); }

  Bytes compress(std::span<const std::uint8_t> bytes) {
    out.resize(std::max(out.size(), ZSTD_compressBound(bytes.size())));
    const std::size_t size =
        checked(ZSTD_compress2(zstd, out.data(), out.size(), bytes.data(), bytes.size()));
    return Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size));
  }

  ZSTD_CCtx* zstd;
  Bytes out;  // as large as the largest frame may become
};

FrameCompressor::FrameCompressor(int level, FrameCache* cache)
    : context_(std::make_unique<Context>()),
      settings_(fmt::format("zstd {} level {} with checksum", ZSTD_versionString(), level)),
      cache_(cache) {
  checked(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_checksumFlag, 1));
}

FrameCompressor::FrameCompressor(FrameCompressor&&) noexcept = default;
FrameCompressor::~FrameCompressor() = default;

Bytes FrameCompressor::compress(std::span<const std::uint8_t> bytes) {
  return FrameCache::find_or_make(cache_, settings_, bytes,
                                  [&] { return context_->compress(bytes); });
}

}  // namespace scratchpack
