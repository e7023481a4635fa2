#include "bundler/write/compress.h"

#include <fmt/format.h>
#include <zstd.h>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "bundler/base/error.h"
#include "runtime/format.h"

namespace scratchpack {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
using Context = std::unique_ptr<ZSTD_CCtx, FreeContext>;

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result)) {
    throw Error(fmt::format("compress content: {}", ZSTD_getErrorName(result)));
  }
  return result;
}

Context make_context(int level) {
  Context context(ZSTD_createCCtx());
  if (context == nullptr) throw Error("compress content: not enough memory");
  checked(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1));
  return context;
}

Bytes compress_frame(ZSTD_CCtx* context, std::span<const std::uint8_t> bytes) {
  Bytes frame(ZSTD_compressBound(bytes.size()));
  frame.resize(
      checked(ZSTD_compress2(context, frame.data(), frame.size(), bytes.data(), bytes.size())));
  frame.shrink_to_fit();
  return frame;
}

}  // namespace

std::vector<CompressedFrame> FrameCompressor::compress(std::span<const std::uint8_t> bytes) const {
  const std::size_t count = (bytes.size() + kFrameSize - 1) / kFrameSize;
  std::vector<CompressedFrame> frames(count);
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failure;
  std::mutex failure_lock;
  const auto work = [&] {
    try {
      const Context context = make_context(level_);
      for (std::size_t i = next++; i < count; i = next++) {
        const auto piece = bytes.subspan(
            i * kFrameSize, std::min<std::size_t>(kFrameSize, bytes.size() - i * kFrameSize));
        frames[i] = {compress_frame(context.get(), piece),
                     static_cast<std::uint32_t>(piece.size())};
      }
    } catch (...) {
      const std::lock_guard lock(failure_lock);
      failure = std::current_exception();
    }
  };
  unsigned threads = threads_ != 0 ? threads_ : std::max(1U, std::thread::hardware_concurrency());
  threads = static_cast<unsigned>(std::min<std::size_t>(threads, count));
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
  return frames;
}

Bytes compress_whole(std::span<const std::uint8_t> bytes) {
  return compress_frame(make_context(19).get(), bytes);
}

}  // namespace scratchpack
