// What names a place by its distance made absolute, so that zstd sees what names one place as the
// same bytes.
//
// x86-64 code names functions and data by their distance from the instruction: what is used in a
// hundred places is named by a hundred different numbers. Both directions look at whatever bytes
// are the opcode of
//
//   call rel32                                             e8
//   jmp rel32, jcc rel32                                   e9, 0f 80..8f
//   mov and lea, 64 bits, of [rip + rel32]                 48..4f 89|8b|8d ModRM
//   moves and arithmetic of SSE with [rip + rel32]         0f 10..17|28..2f|51..5f|6f|7f ModRM
//
// in data too; what the four bytes behind it mean is of no matter, as the change is a permutation
// of the numbers it applies to:
//
//   at = position of the next instruction in the file, limit = bytes of the file
//   distance d in [-at, limit - at)     <->  d + at     in [0, limit)
//   distance d in [limit - at, limit)   <->  d - limit  in [-at, 0)
//   anything else stays
//
// Jumps that are nearer than 2 KiB stay, too: they stay within a function, and their distances are
// alike. Where the change of another would give such a number, it is changed again until it does
// not.
//
// The search goes on behind the four bytes.
//
// The index of unwind entries (.eh_frame_hdr: 01 1b 03 3b, a distance, a count, then pairs of
// distances in ascending order) becomes differences from pair to pair.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// `bytes` are `size` bytes of a file of `file_size` bytes, from `position` on: one frame. What
/// reaches over its end stays.
void addresses_to_absolute(unsigned char* bytes, uint64_t size, uint64_t position,
                           uint64_t file_size);

/// The inverse, with the same arguments. Safe for any bytes and numbers.
void addresses_to_relative(unsigned char* bytes, uint64_t size, uint64_t position,
                           uint64_t file_size);

/// The inverse of what format 2 did: calls and jumps only, near ones too.
void branches_to_relative(unsigned char* bytes, uint64_t size, uint64_t position,
                          uint64_t file_size);

}  // namespace scratchpack
