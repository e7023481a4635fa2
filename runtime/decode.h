// Decoding of zstd frames without malloc, thread-local storage or a stack of the caller's.
#pragma once

#include <stdint.h>

#include "runtime/payload.h"

namespace scratchpack {

/// Bytes of memory one decoder works in.
uint64_t decoder_size();

/// A decoder set up in `memory` (64-byte aligned, decoder_size() bytes).
void* make_decoder(void* memory);

/// Decodes one frame to `out` (frame.size bytes). The frame's own checksum is checked on the way.
/// 0 or -EIO.
long decode_frame(const Payload& payload, void* decoder, const Entry& entry, const Frame& frame,
                  unsigned char* out);

/// Decodes a whole entry into a file, at `position` and behind. Works in memory of its own, with a
/// guard page and a stack of its own, so that it can run on 8 KiB signal stacks; the caller's
/// vector registers are kept. 0 or -errno.
long decode_entry_to_file(const Payload& payload, const Entry& entry, long file, uint64_t position);

/// write(2) of all bytes at `position`. 0 or -errno; a full file system is -ENOSPC.
long write_all(long file, const unsigned char* bytes, uint64_t size, uint64_t position);

}  // namespace scratchpack
