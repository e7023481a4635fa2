// The contents of a bundle: what each regular file of the set stores, identical contents once.
// No content is held in memory: raw ones stream from the source to the output, compressed ones go
// frame by frame through a spool.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/content/start.h"
#include "bundler/write/frame_cache.h"
#include "bundler/write/spool.h"
#include "runtime/format.h"

namespace scratchpack {

/// A compressed frame that waits in the spool.
struct SpooledFrame {
  std::uint64_t place;   ///< in the spool
  std::uint32_t stored;  ///< bytes
  std::uint32_t size;    ///< bytes decoded, at most kFrameSize
};

struct CompressOptions {
  int level = 0;           ///< as zstd's
  bool addresses = false;  ///< with the addresses in x86-64 code made absolute before
  unsigned threads = 0;
  FrameCache* cache = nullptr;  ///< none: everything is compressed
  /// Called with bytes done and bytes in all, by one thread at a time.
  std::function<void(std::uint64_t, std::uint64_t)> progress = {};
};

/// Bytes; of larger files a start uses only parts, as far as it has a choice.
inline constexpr std::uint64_t kReadWhole = std::uint64_t{8} << 20;

/// One stored content; several entries may share it.
struct Content {
  const FileEntry* file;
  const RewrittenFile* rewritten;              ///< nullptr: as it is
  std::uint64_t size;                          ///< bytes of the image
  std::uint64_t checksum;                      ///< XXH64 of the image
  std::vector<std::uint64_t> piece_checksums;  ///< XXH64 of each frame's bytes
  bool elf;
  bool code;                         ///< an x86-64 ELF file
  bool addresses;                    ///< its frames hold absolute addresses
  bool small;                        ///< raw on 16 bytes instead of on a page
  std::vector<SpooledFrame> frames;  ///< empty: raw
  std::uint64_t offset = 0;          ///< raw: from the payload's start, once laid
  std::uint32_t first_frame = 0;     ///< zstd: in the table of frames

  std::uint64_t stored() const;
};

class Contents {
 public:
  /// Reads all of them once. `first`: paths whose contents are laid before all others, in that
  /// order. `frame_size`: bytes that a frame will hold, at most kFrameSize.
  Contents(const FileSet& files, const StartDecision& start, const std::vector<std::string>& first,
           std::uint64_t frame_size, unsigned threads);

  /// Compresses what gains by it into the spool.
  void compress(const CompressOptions& options, Spool& spool);

  /// The table of frames, their offsets still 0; sets every content's first_frame.
  std::vector<Frame> frames();

  /// Gives every content its place from `at` on, and the frames theirs. The offset behind the last.
  std::uint64_t lay(std::uint64_t at, std::vector<Frame>& frames);

  /// Once laid: the offset behind what a start reads of the contents that came first, which is all
  /// of them up to a large one that is stored as it is, and the head of that.
  std::uint64_t start_size() const { return start_size_; }

  /// Writes them where they were laid. Throws Error when a source changed since it was read.
  /// `spool` may be null when nothing was compressed.
  void write(AtomicFile& out, std::uint64_t payload_offset, const Spool* spool) const;

  /// The content of a regular file by its path.
  const Content& of(const std::string& path) const { return contents_[number_of_.at(path)]; }

  /// Bytes each path takes in the bundle; the first of several with the same content pays.
  std::map<std::string, std::uint64_t> stored() const;

 private:
  void add(const std::string& path, Content content);
  void write_raw(const Content& content, AtomicFile& out) const;

  std::uint64_t frame_size_;
  std::vector<Content> contents_;
  std::size_t first_count_ = 0;
  std::uint64_t start_size_ = 0;
  std::map<std::string, std::size_t> number_of_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::size_t>> same_;
};

}  // namespace scratchpack
