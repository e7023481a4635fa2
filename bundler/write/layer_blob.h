// One layer of an image as bytes: a tar archive, compressed as it is written, in a spool.
#pragma once

#include <cstdint>
#include <string>

#include "bundler/content/file_set.h"
#include "bundler/write/frame_cache.h"
#include "bundler/write/spool.h"
#include "bundler/write/tar.h"

namespace scratchpack {

enum class LayerCompression : std::uint8_t { none, gzip, zstd };

struct LayerOptions {
  LayerCompression compression = LayerCompression::gzip;
  unsigned threads = 0;         ///< 0: as many as the machine has; the bytes are the same for any
  FrameCache* cache = nullptr;  ///< of compressed pieces; may be null
  ByteStep step = {};           ///< bytes of content just packed
};

/// What is stored, and where in the spool.
struct LayerBlob {
  std::string diff_id;       ///< SHA-256 of the tar archive, hexadecimal
  std::uint64_t size = 0;    ///< bytes of the tar archive
  std::string digest;        ///< SHA-256 of what is stored
  std::uint64_t stored = 0;  ///< bytes
  std::uint64_t place = 0;   ///< in the spool
};

/// Packs the files, changed at `time` (seconds since 1970), piece by piece: memory does not grow
/// with the layer. Nothing else may be appended to the spool meanwhile. Throws Error.
LayerBlob pack_layer(const FileSet& files, std::uint64_t time, const LayerOptions& options,
                     Spool& spool);

}  // namespace scratchpack
