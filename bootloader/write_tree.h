// The payload as ordinary files below a directory.
#pragma once

#include "runtime/payload.h"

namespace scratchpack {

/// What went wrong and where.
struct TreeFault {
  char path[1600];
  long error;
};

/// Writes all entries below `root` (which exists). `linker`: what PT_INTERP of the programs is made
/// to name; nullptr leaves programs as they are and links as they were (absolute targets are
/// otherwise led into the tree). The rewriting of libraries is undone. Every write and close is
/// checked.
bool write_tree(const Payload& payload, const char* root, const char* linker, TreeFault& fault);

/// Bytes of all files.
uint64_t tree_size(const Payload& payload);

}  // namespace scratchpack
