// The payload in memory, checked before use. Linked by the bootloader and by the bundler's reader.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

/// A payload whose header and table have been checked; the pointers lead into it.
struct Payload {
  const unsigned char* base = nullptr;
  const PayloadHeader* header = nullptr;
  const Entry* entries = nullptr;
  const uint32_t* buckets = nullptr;
  const Frame* frames = nullptr;
  const uint32_t* lists = nullptr;
  const UndoRecord* undo = nullptr;
  const EnvironmentRecord* environment = nullptr;
  const char* strings = nullptr;

  const char* text(uint32_t offset) const { return strings + offset; }
  const char* path(const Entry& entry) const { return strings + entry.path; }
  uint32_t number(const Entry& entry) const { return static_cast<uint32_t>(&entry - entries); }
};

/// Checks magic, version, bounds, checksum and launch record of `size` bytes at `base` (8-byte
/// aligned). Returns what is wrong, or nullptr and a filled `payload`.
const char* open_payload(const unsigned char* base, uint64_t size, Payload& payload);

/// Whether every offset and length of an entry stays inside the payload. A look-up returns only
/// entries for which this holds.
bool valid_entry(const Payload& payload, const Entry& entry);

/// Whether a frame's bytes lie inside the payload and what it decodes to inside `image_size`.
bool valid_frame(const Payload& payload, const Entry& entry, const Frame& frame);

/// Whether a record's bytes lie in the strings and its place inside the entry's image.
bool valid_undo(const Payload& payload, const Entry& entry, const UndoRecord& record);

}  // namespace scratchpack
