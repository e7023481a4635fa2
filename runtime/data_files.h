// Files the program opens: each becomes a sealed memory file holding the original's bytes, so that
// every operation on the descriptor works as on the file.
#pragma once

#include <stdint.h>

#include "runtime/payload.h"

namespace scratchpack {

/// A descriptor at the beginning of the file, for open(2) with these flags. passwd and group get a
/// line for the running user or group when they have none. -errno on failure.
long open_data(const Entry& entry, long flags);

/// A descriptor of a symbolic link itself, for open(2) with O_PATH and O_NOFOLLOW: it holds
/// nothing, and only its mark (status.h) says what it is. -errno on failure.
long open_link(const Entry& entry, long flags);

/// Another descriptor of the same memory file. -errno where there is no /proc.
long reopen(long descriptor, long flags);

/// A memory file of the entry's whole image, the added segment included, for mapping. -errno.
long new_image_file(const Entry& entry);

/// Puts back, in a file that holds the entry's image, what the rewriting replaced: whoever reads a
/// library sees the original. 0 or -errno.
long restore_original(const Payload& payload, const Entry& entry, long file);

/// Up to `size` first bytes of a file, for recognising scripts. Count or -errno.
long read_head(const Entry& entry, char* buffer, uint64_t size);

}  // namespace scratchpack
