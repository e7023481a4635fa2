// Compressed bundles: what a program's start opens is decoded before the jump, by all cores, into
// one area of memory, the *arena*. From there the pages are moved to where they are wanted.
//
// Not into a memory file to be mapped: writing costs as much again as decoding, and every page of
// it a fault when it is used. Memory of one's own comes in huge pages, is written once, by the
// decoder, and is present from then on.
#pragma once

#include <stdint.h>

#include "runtime/memory_image.h"
#include "runtime/payload.h"

namespace scratchpack {

/// Decodes the start list of `program` (and whatever else it lists). Nothing to do when all of it
/// is stored raw, nor where memory that was written may not be made executable: then each file is
/// decoded when it is opened. 0 or -errno.
long fill_arena(const Payload& payload, const Entry& program);

/// Hands over a file that the arena holds, once; false when it does not (any more).
bool take_from_arena(const Payload& payload, const Entry& entry, MemoryImage& image);

/// Gives back what was not taken: the program itself has begun.
void close_arena();

/// Whether anything is left: cheap, for the handlers.
bool arena_open();

}  // namespace scratchpack
