// The contents of a bundle: what each regular file of the set stores, identical contents once.
// Raw contents are never held in memory: they stream from the mapped source to the output.
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
#include "bundler/write/compress.h"
#include "runtime/format.h"

namespace scratchpack {

/// One stored content; several entries may share it.
struct Content {
  const FileEntry* file;
  const RewrittenFile* rewritten;  ///< nullptr: as it is
  std::uint64_t size;              ///< bytes of the image
  std::uint64_t checksum;          ///< XXH64 of the image
  bool elf;
  bool small;                           ///< raw on 16 bytes instead of on a page
  std::vector<CompressedFrame> frames;  ///< empty: raw
  std::uint64_t offset = 0;             ///< raw: from the payload's start, once laid
  std::uint32_t first_frame = 0;        ///< zstd: in the table of frames

  std::uint64_t stored() const;
};

class Contents {
 public:
  /// `first`: paths whose contents are laid before all others, in that order.
  Contents(const FileSet& files, const StartDecision& start, const std::vector<std::string>& first);

  /// Compresses what gains by it. `level` as zstd's.
  void compress(int level, unsigned threads,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress);

  /// The table of frames, their offsets still 0; sets every content's first_frame.
  std::vector<Frame> frames();

  /// Gives every content its place from `at` on, and the frames theirs. The offset behind the last.
  std::uint64_t lay(std::uint64_t at, std::vector<Frame>& frames);

  /// The offset behind the contents of the paths that came first, once laid.
  std::uint64_t end_of_first() const { return end_of_first_; }

  /// Writes them where they were laid. Throws Error when a source changed since it was read.
  void write(AtomicFile& out, std::uint64_t payload_offset) const;

  /// The content of a regular file by its path.
  const Content& of(const std::string& path) const { return contents_[number_of_.at(path)]; }

  /// Bytes each path takes in the bundle; the first of several with the same content pays.
  std::map<std::string, std::uint64_t> stored() const;

 private:
  void gather(const std::string& path, const FileEntry& file, const StartDecision& start);

  std::vector<Content> contents_;
  std::size_t first_count_ = 0;
  std::uint64_t end_of_first_ = 0;
  std::map<std::string, std::size_t> number_of_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::size_t>> same_;
};

}  // namespace scratchpack
