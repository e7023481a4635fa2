// Compressed bundles: what a program's start opens is decoded before the jump, by all cores, into
// one memory file a core ("arena"), at page-aligned offsets. From there the start is the same as
// from an uncompressed bundle: a descriptor and an offset.
#pragma once

#include <stdint.h>

#include "runtime/payload.h"

namespace scratchpack {

/// Where one start file lies.
struct ArenaFile {
  long file;        ///< descriptor of the arena
  uint64_t offset;  ///< bytes
};

/// Decodes the start list of `program` (and whatever else it lists). Nothing to do when all of it
/// is stored raw. 0 or -errno.
long fill_arenas(const Payload& payload, const Entry& program);

/// Where the arenas hold `entry`; false when they do not (any more).
bool find_in_arenas(const Payload& payload, const Entry& entry, ArenaFile& found);

/// One start file less to come. When the last was taken the arenas are closed.
void take_from_arenas(const Payload& payload, const Entry& entry);

/// Closes what is still open: the program itself has begun.
void close_arenas();

/// Whether any arena is open: cheap, for the handlers.
bool arenas_open();

}  // namespace scratchpack
