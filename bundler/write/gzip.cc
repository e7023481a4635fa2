#include "bundler/write/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <limits>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

constexpr int kLevel = 6;
constexpr int kRaw = -15;         // the largest window, no header of zlib's
constexpr int kMemory = 8;        // zlib's default
constexpr std::size_t kEnd = 16;  // bytes; the flush that ends a piece takes six at most

}  // namespace

Bytes deflated(std::span<const std::uint8_t> piece) {
  if (piece.size() > std::numeric_limits<uInt>::max() / 2) {
    throw Error("compress layer: a piece is too large");
  }
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kRaw, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error("compress layer: not enough memory");
  }
  Bytes out(deflateBound(&stream, piece.size()) + kEnd);
  stream.next_in = const_cast<Bytef*>(piece.data());  // zlib only reads it
  stream.avail_in = static_cast<uInt>(piece.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_SYNC_FLUSH);
  const bool whole = result == Z_OK && stream.avail_in == 0 && stream.avail_out != 0;
  out.erase(out.end() - static_cast<std::ptrdiff_t>(stream.avail_out), out.end());
  deflateEnd(&stream);
  if (!whole) throw Error("compress layer: zlib fails");
  return out;
}

std::string deflate_settings() { return fmt::format("deflate {} level {}", zlibVersion(), kLevel); }

Bytes gzip_header() { return {0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 0xff}; }

void GzipTrailer::update(std::span<const std::uint8_t> content) {
  checksum_ = static_cast<std::uint32_t>(crc32_z(checksum_, content.data(), content.size()));
  size_ += content.size();
}

Bytes GzipTrailer::bytes() const {
  Bytes bytes = {0x03, 0x00};  // an empty block, the last
  for (std::uint64_t value : {std::uint64_t{checksum_}, size_}) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  return bytes;
}

}  // namespace scratchpack
