#include "bundler/write/layer_blob.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "bundler/base/digest.h"
#include "bundler/base/parallel.h"
#include "bundler/write/compress.h"
#include "bundler/write/gzip.h"

namespace scratchpack {
namespace {

constexpr int kZstdLevel = 12;
/// Bytes; what is compressed on its own. Deflate looks back 32 KiB, zstd at this level some MiB.
constexpr std::size_t kGzipPiece = std::size_t{1} << 20;
constexpr std::size_t kZstdPiece = std::size_t{4} << 20;

/// Takes a layer's archive and puts what is stored of it into the spool.
class Packer {
 public:
  Packer(const LayerOptions& options, Spool& spool)
      : options_(options),
        spool_(spool),
        piece_size_(options.compression == LayerCompression::zstd ? kZstdPiece : kGzipPiece),
        most_pieces_(2 * (options.threads != 0
                              ? options.threads
                              : std::max(1U, std::thread::hardware_concurrency()))) {
    if (options.compression == LayerCompression::gzip) store(gzip_header());
  }

  void take(std::span<const std::uint8_t> bytes) {
    archive_.update(bytes);
    trailer_.update(bytes);
    blob_.size += bytes.size();
    while (!bytes.empty()) {
      if (pieces_.empty() || pieces_.back().size() == piece_size_) add_piece();
      Bytes& piece = pieces_.back();
      const std::size_t count = std::min(piece_size_ - piece.size(), bytes.size());
      piece.insert(piece.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
    }
  }

  LayerBlob finish() {
    store_pieces();
    if (options_.compression == LayerCompression::gzip) store(trailer_.bytes());
    blob_.diff_id = archive_.hexadecimal();
    blob_.digest = stored_.hexadecimal();
    return blob_;
  }

 private:
  void add_piece() {
    if (pieces_.size() == most_pieces_) store_pieces();
    pieces_.emplace_back().reserve(piece_size_);
  }

  void store(std::span<const std::uint8_t> bytes) {
    stored_.update(bytes);
    const std::uint64_t place = spool_.append(bytes);
    if (blob_.stored == 0) blob_.place = place;
    blob_.stored += bytes.size();
  }

  void store_pieces() {
    share_out(pieces_.size(), options_.threads, [&] { return compressor(); });
    for (const Bytes& piece : pieces_) store(piece);
    pieces_.clear();
  }

  /// Replaces a piece by what is stored of it.
  PieceOfWork compressor() {
    if (options_.compression == LayerCompression::none) return [](std::size_t) {};
    if (options_.compression == LayerCompression::gzip) {
      return [this](std::size_t i) {
        pieces_[i] = FrameCache::find_or_make(options_.cache, deflate_settings(), pieces_[i],
                                              [&] { return deflated(pieces_[i]); });
      };
    }
    auto zstd = std::make_shared<FrameCompressor>(kZstdLevel, options_.cache);
    return [this, zstd](std::size_t i) { pieces_[i] = zstd->compress(pieces_[i]); };
  }

  const LayerOptions& options_;
  Spool& spool_;
  std::size_t piece_size_;   // bytes
  std::size_t most_pieces_;  // in memory at once
  std::vector<Bytes> pieces_;
  Sha256 archive_;
  Sha256 stored_;
  GzipTrailer trailer_;
  LayerBlob blob_;
};

}  // namespace

LayerBlob pack_layer(const FileSet& files, std::uint64_t time, const LayerOptions& options,
                     Spool& spool) {
  Packer packer(options, spool);
  write_tar(
      files, time, [&](std::span<const std::uint8_t> bytes) { packer.take(bytes); }, options.step);
  return packer.finish();
}

}  // namespace scratchpack
