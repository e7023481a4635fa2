// Files the program opens: each becomes a sealed memory file holding the original's bytes, so that
// every operation on the descriptor works as on the file.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

/// A descriptor at the beginning of the file, for open(2) with these flags. passwd and group get a
/// line for the running user or group when they have none. -errno on failure.
long open_data(const Entry& entry, long flags);

/// A memory file of the entry's whole image, the added segment included, for mapping. -errno.
long new_image_file(const Entry& entry);

/// Up to `size` first bytes of a file, for recognising scripts. Count or -errno.
long read_head(const Entry& entry, char* buffer, uint64_t size);

}  // namespace scratchpack
