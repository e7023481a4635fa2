// Where a bundle that must extract may: a directory that is writable and executable, found out by
// really making a file in it and mapping that PROT_EXEC.
#pragma once

#include <stdint.h>

#include "runtime/text.h"

namespace scratchpack {

/// A fresh directory of ours: ".sp-" and eight random characters, mode 0700.
struct Place {
  char path[512] = {};
};

/// Makes the directory below `only` (SCRATCHPACK_DIR), or, when that is nullptr, below the first of
/// the places that will do: executable tmpfs first, then disk. `needed`: bytes to be written. What
/// killed runs left in the places looked at is removed. On failure `tried` says, place by place,
/// why not.
bool make_place(const char* only, uint64_t needed, Place& place, TextBuilder& tried);

/// Removes a tree of ours; failures are passed over.
void remove_tree(const char* path);

}  // namespace scratchpack
