#include "bundler/write/layer_size.h"

#include <algorithm>
#include <atomic>

#include "bundler/base/parallel.h"
#include "bundler/write/gzip.h"

namespace scratchpack {
namespace {

constexpr std::uint64_t kWholeUpTo = std::uint64_t{24}
                                     << 20;  ///< bytes compressed without choosing
constexpr std::uint64_t kWholePiece = std::uint64_t{1} << 20;
constexpr std::uint64_t kSampled = std::uint64_t{16} << 20;  ///< bytes compressed of larger outputs
/// Small pieces spread better over what compresses differently: code, tables, text.
constexpr std::uint64_t kSampledPiece = std::uint64_t{128} << 10;
/// Zstd frames all gain the same from gzip: next to nothing. Few pieces tell as much.
constexpr std::uint64_t kWholeOfCompressed = std::uint64_t{1} << 20;
constexpr std::uint64_t kSampledOfCompressed = std::uint64_t{1} << 20;
constexpr std::uint64_t kPieceOfCompressed = std::uint64_t{32} << 10;
/// Header and trailer of a gzip stream, which a layer has once.
constexpr std::uint64_t kFraming = 18;

}  // namespace

LayerMeter::LayerMeter(std::uint64_t expected, bool compressed, unsigned threads)
    : threads_(threads) {
  const std::uint64_t whole = compressed ? kWholeOfCompressed : kWholeUpTo;
  const std::uint64_t sampled = compressed ? kSampledOfCompressed : kSampled;
  piece_ = expected <= whole ? kWholePiece : compressed ? kPieceOfCompressed : kSampledPiece;
  stride_ = expected <= whole ? 1 : (expected + sampled - 1) / sampled;
}

void LayerMeter::feed(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    std::uint64_t index = fed_ / piece_;
    std::uint64_t inside = fed_ % piece_;
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece_ - inside, bytes.size()));
    if (index % stride_ == stride_ / 2) {
      if (inside == 0) kept_.emplace_back();
      kept_.back().insert(kept_.back().end(), bytes.begin(), bytes.begin() + size);
    }
    fed_ += size;
    bytes = bytes.subspan(size);
  }
}

LayerSize LayerMeter::result() {
  std::atomic<std::uint64_t> packed = 0;
  share_out(kept_.size(), threads_, [&]() -> PieceOfWork {
    return [&](std::size_t i) { packed += deflated(kept_[i]).size(); };
  });
  std::uint64_t looked_at = 0;
  for (const Bytes& piece : kept_) looked_at += piece.size();
  kept_.clear();
  if (looked_at == 0) return {kFraming, false};
  double share = static_cast<double>(fed_) / static_cast<double>(looked_at);
  return {static_cast<std::uint64_t>(static_cast<double>(packed.load()) * share) + kFraming,
          looked_at < fed_};
}

}  // namespace scratchpack
