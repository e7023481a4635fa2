// The bundle as a file, before anything in it is trusted: is all of it there, is it in memory.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

/// False when the file ends before the payload does: the kernel maps it all the same. `file`: a
/// descriptor of the bundle; with -errno there is nobody to ask and the answer is true.
bool is_whole(long file, uint64_t payload_offset, uint64_t payload_size);

/// Has what the start needs read in one go when the end of it is not in memory, instead of page
/// after page as it is touched. Nothing in the header has been checked yet.
void read_ahead(long file, uint64_t payload_offset, uint64_t payload_size,
                const PayloadHeader& header);

}  // namespace scratchpack
