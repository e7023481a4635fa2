// Branch targets made absolute, so that zstd sees calls of one function as the same bytes.
//
// x86 calls and jumps name their target by its distance from the instruction: a function called
// from a hundred places is named by a hundred different numbers. Both directions look at every byte
// that is the opcode of `call rel32` or `jmp rel32` (e8, e9), in data too; what the four bytes
// behind it mean is of no matter, as the change is a permutation of the numbers it applies to:
//
//   at = position of the next instruction in the file, limit = bytes of the file
//   distance d in [-at, limit - at)     <->  d + at     in [0, limit)
//   distance d in [limit - at, limit)   <->  d - limit  in [-at, 0)
//   anything else stays
//
// The search goes on behind the four bytes.
#pragma once

#include <stdint.h>

namespace scratchpack {

/// `bytes` are `size` bytes of a file of `file_size` bytes, from `position` on: one frame. What
/// reaches over its end stays.
void branches_to_absolute(unsigned char* bytes, uint64_t size, uint64_t position,
                          uint64_t file_size);

/// The inverse, with the same arguments. Safe for any bytes and numbers.
void branches_to_relative(unsigned char* bytes, uint64_t size, uint64_t position,
                          uint64_t file_size);

}  // namespace scratchpack
