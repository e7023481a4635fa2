// One file of an extracted tree, written in pieces that several threads may write at the same time.
#pragma once

#include <stdint.h>

#include "runtime/payload.h"
#include "runtime/workers.h"

namespace scratchpack {

inline constexpr uint64_t kLargestPiece = uint64_t{8} << 20;  ///< bytes

/// How many pieces a file has, at least one: its frames, or so many bytes stored as they are.
/// Writers of one file wait for each other, so only what is larger than most is shared out.
uint64_t pieces_of(const Entry& entry);

/// Bytes of one piece once it is written. The entry has been checked.
uint64_t piece_size(const Payload& payload, const Entry& entry, uint64_t number);

/// Writes one piece into its place in `file`. 0 or -errno.
long write_piece(const Payload& payload, const Entry& entry, uint64_t number, const Worker& worker,
                 long file);

/// After all pieces: undoes the rewriting, makes a program's PT_INTERP name `linker` unless that is
/// nullptr, and sets the mode. `file` is open for reading and writing. 0 or -errno.
long finish_file(const Payload& payload, const Entry& entry, long file, const char* linker);

}  // namespace scratchpack
