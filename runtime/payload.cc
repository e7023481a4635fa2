#include "runtime/payload.h"

// The library's own; libxxhash exports the same function as XXH64.
#ifdef SCRATCHPACK_HOSTED
extern "C" unsigned long long XXH64(const void* input, decltype(sizeof 0) length,
                                    unsigned long long seed);
#define SCRATCHPACK_XXH64 XXH64
#else
extern "C" unsigned long long ZSTD_XXH64(const void* input, decltype(sizeof 0) length,
                                         unsigned long long seed);
#define SCRATCHPACK_XXH64 ZSTD_XXH64
#endif

namespace scratchpack {
namespace {

/// [offset, offset + count * size) lies in [0, limit), and offset suits the alignment.
bool within(uint64_t offset, uint64_t count, uint64_t size, uint64_t limit, uint64_t alignment) {
  if (offset > limit || offset % alignment != 0) return false;
  return count <= (limit - offset) / size;
}

uint64_t table_checksum(const PayloadHeader& header) {
  // XXH64 over the table with the checksum itself read as 0, without copying the table: the sum of
  // the rest, seeded with the sum of a header whose field is cleared.
  PayloadHeader clean = header;
  clean.table_checksum = 0;
  uint64_t seed = SCRATCHPACK_XXH64(&clean, sizeof clean, 0);
  const unsigned char* rest = reinterpret_cast<const unsigned char*>(&header) + sizeof header;
  return SCRATCHPACK_XXH64(rest, header.table_size - sizeof header, seed);
}

/// A string that starts at `offset` and ends inside the strings. The last byte of all strings is 0.
bool valid_text(const PayloadHeader& header, uint32_t offset) {
  return offset < header.strings_size;
}

bool valid_launch(const Payload& payload) {
  const PayloadHeader& header = *payload.header;
  const LaunchRecord& launch = header.launch;
  if (launch.program >= header.entry_count || launch.interpreter >= header.entry_count)
    return false;
  if (!valid_entry(payload, payload.entries[launch.program]) ||
      !valid_entry(payload, payload.entries[launch.interpreter])) {
    return false;
  }
  if (!valid_text(header, launch.execfn) || !valid_text(header, launch.name) ||
      !valid_text(header, launch.library_path)) {
    return false;
  }
  if (launch.argv0 != kNone && !valid_text(header, launch.argv0)) return false;
  if (launch.workdir != kNone && !valid_text(header, launch.workdir)) return false;
  uint64_t at = launch.arguments;
  for (uint32_t i = 0; i < launch.argument_count; ++i) {
    while (at < header.strings_size && payload.strings[at] != 0) ++at;
    if (at++ >= header.strings_size) return false;
  }
  for (uint32_t i = 0; i < launch.environment_count; ++i) {
    const EnvironmentRecord& record = payload.environment[i];
    if (!valid_text(header, record.name) || !valid_text(header, record.value)) return false;
  }
  return true;
}

}  // namespace

bool valid_entry(const Payload& payload, const Entry& entry) {
  const PayloadHeader& header = *payload.header;
  if (entry.path_length == 0 || entry.path_length > kLongestPath) return false;
  if (!within(entry.path, entry.path_length + uint64_t{1}, 1, header.strings_size, 1) ||
      payload.strings[entry.path + entry.path_length] != 0) {
    return false;
  }
  if (entry.kind == kKindSymlink) {
    return entry.target_length != 0 &&
           within(entry.target, entry.target_length + uint64_t{1}, 1, header.strings_size, 1) &&
           payload.strings[entry.target + entry.target_length] == 0;
  }
  if (entry.kind == kKindDirectory) {
    return within(entry.first_listed, entry.listed_count, 1, header.list_count, 1);
  }
  if (entry.kind != kKindFile || entry.size > entry.image_size) return false;
  // Raw files are rounded up to whole pages when they are mapped.
  if (entry.image_size > UINT64_MAX - kPageSize) return false;
  if (entry.method == kMethodRaw) {
    if (entry.stored_size != entry.image_size) return false;
    if (!within(entry.offset, entry.stored_size, 1, header.payload_size, 1)) return false;
    if ((entry.flags & kFlagElf) && entry.offset % kPageSize != 0) return false;
  } else if (entry.method != kMethodZstd) {
    return false;
  }
  if (entry.slot != 0 && (entry.segment_offset == 0 || entry.segment_offset >= entry.image_size)) {
    return false;
  }
  if (entry.interpreter != kNone && entry.interpreter >= header.entry_count) return false;
  return within(entry.first_frame, entry.frame_count, 1, header.frame_count, 1) &&
         within(entry.first_listed, entry.listed_count, 1, header.list_count, 1) &&
         within(entry.first_undo, entry.undo_count, 1, header.undo_count, 1);
}

bool valid_frame(const Payload& payload, const Entry& entry, const Frame& frame) {
  return frame.size != 0 && frame.size <= kFrameSize &&
         within(frame.offset, frame.stored, 1, payload.header->payload_size, 1) &&
         within(frame.position, frame.size, 1, entry.image_size, 1);
}

bool valid_undo(const Payload& payload, const Entry& entry, const UndoRecord& record) {
  return within(record.offset, record.length, 1, entry.size, 1) &&
         within(record.bytes, record.length, 1, payload.header->strings_size, 1);
}

const char* open_payload(const unsigned char* base, uint64_t size, Payload& payload) {
  if (size < sizeof(PayloadHeader)) return "the payload is missing or cut short";
  const PayloadHeader& header = *reinterpret_cast<const PayloadHeader*>(base);
  for (unsigned i = 0; i < sizeof kMagic; ++i) {
    if (header.magic[i] != kMagic[i]) return "the payload does not begin with its magic bytes";
  }
  if (header.version > kFormatVersion) return "the payload has a newer format than this reader";
  if (header.version == 0 || header.header_size != sizeof header)
    return "the payload's header is damaged";
  if (header.payload_size != size) return "the payload is cut short or has grown";
  const uint64_t limit = header.table_size;
  if (limit > size || limit < sizeof header ||
      !within(header.entries, header.entry_count, sizeof(Entry), limit, 8) ||
      !within(header.buckets, header.bucket_count, 4, limit, 4) ||
      !within(header.frames, header.frame_count, sizeof(Frame), limit, 8) ||
      !within(header.lists, header.list_count, 4, limit, 4) ||
      !within(header.undo, header.undo_count, sizeof(UndoRecord), limit, 8) ||
      !within(header.environment, header.launch.environment_count, sizeof(EnvironmentRecord), limit,
              4) ||
      !within(header.strings, header.strings_size, 1, limit, 1) ||
      !within(header.manifest, header.manifest_stored, 1, size, 1)) {
    return "the payload's table is damaged";
  }
  if (header.entry_count == 0 || header.bucket_count <= header.entry_count ||
      (header.bucket_count & (header.bucket_count - 1)) != 0 || header.strings_size == 0) {
    return "the payload's table is damaged";
  }
  if (table_checksum(header) != header.table_checksum) {
    return "the payload's table does not match its checksum";
  }
  payload.base = base;
  payload.header = &header;
  payload.entries = reinterpret_cast<const Entry*>(base + header.entries);
  payload.buckets = reinterpret_cast<const uint32_t*>(base + header.buckets);
  payload.frames = reinterpret_cast<const Frame*>(base + header.frames);
  payload.lists = reinterpret_cast<const uint32_t*>(base + header.lists);
  payload.undo = reinterpret_cast<const UndoRecord*>(base + header.undo);
  payload.environment = reinterpret_cast<const EnvironmentRecord*>(base + header.environment);
  payload.strings = reinterpret_cast<const char*>(base + header.strings);
  if (payload.strings[header.strings_size - 1] != 0) return "the payload's table is damaged";
  if (!valid_launch(payload)) return "the payload's launch record is damaged";
  return nullptr;
}

}  // namespace scratchpack
