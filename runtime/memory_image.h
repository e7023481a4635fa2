// A file that was decoded into memory, on its way to where the linker wants its pieces: the pages
// are moved there (mremap), not copied and not mapped from a file. They are present already, so
// that no page fault is left for when they are used.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

struct MemoryImage {
  static constexpr uint32_t kMostPieces = 12;
  /// What can be mapped: the file range of a PT_LOAD in whole pages; all of a file that is no ELF.
  struct Piece {
    uint64_t begin;
    uint64_t end;
  };

  unsigned char* bytes = nullptr;  ///< nullptr: there is none
  uint64_t size = 0;               ///< bytes of the file
  Piece pieces[kMostPieces] = {};
  uint32_t piece_count = 0;
  uint32_t next = 0;       ///< the first piece that was neither mapped nor passed by
  uint64_t gone = 0;       ///< pages before this offset are no longer here
  uint64_t last_page = 0;  ///< address of the page before `gone`, where that was moved to

  /// Whether [offset, offset + length) is still here.
  bool has(uint64_t offset, uint64_t length) const {
    return bytes != nullptr && offset >= gone && offset <= size && length <= size - offset;
  }
};

/// Describes the `size` decoded bytes at `bytes` (page-aligned). False when they are laid out in a
/// way that cannot be moved piece by piece.
bool describe_image(unsigned char* bytes, uint64_t size, MemoryImage& image);

/// As mmap of the file at `offset`, MAP_PRIVATE|MAP_FIXED, for the pieces in ascending order: each
/// can be mapped once, and nothing behind its end. Bytes mapped, whole pages; -EINVAL, with nothing
/// changed, when it is not that piece's turn.
long map_image(MemoryImage& image, uint64_t address, uint64_t offset, uint64_t length,
               int protection);

/// Gives back what was not mapped.
void release_image(MemoryImage& image);

}  // namespace scratchpack
