// The bundle, said once. Writer (bundler/write/onefile), reader (bundler/read/bundle) and
// bootloader all include this file and nothing else describes the bytes.
//
//   a bundle is an ELF executable (static-pie):
//
//   +--------------------+ 0
//   | bootloader         |  ELF header, program headers, code; see bootloader/
//   +--------------------+ p_offset of the last PT_LOAD, a multiple of 4096
//   | payload            |  a segment (and a section, `.payload`) of its own, so that it is mapped
//   |                    |  by the kernel and survives strip(1)
//   |  PayloadHeader     |  512 bytes; finds the rest; carries the launch record
//   |  Entry[]           |  one a path, sorted by path; the first is the root directory itself
//   |  uint32 buckets[]  |  hash index of the paths: entry numbers, linear probing
//   |  Frame[]           |  zstd frames of compressed entries
//   |  uint32 lists[]    |  entry numbers: what each start opens, what each directory holds
//   |  UndoRecord[]      |  what the rewriting replaced
//   |  EnvironmentRecord[]
//   |  strings           |  paths, targets, arguments, undo bytes; each string ends in NUL
//   +- - - - - - - - - - +  the above is "the table": one checksum, checked at every start
//   |  contents          |  raw: ELF files, the linker's cache and files of 16 KiB or more on page
//   |                    |  boundaries, small data files on 16 bytes; zstd: frames back to back.
//   |                    |  First what the program's start opens: it is read ahead in one go.
//   |                    |  Identical contents are stored once.
//   |  manifest          |  JSON (zstd), for people and tools only: reasons, packages, sources
//   |  licences          |  texts (zstd) of the packages inside, for the same
//   +--------------------+
//   | section headers    |
//   +--------------------+
//
// All numbers little endian. All offsets are bytes from the start of the payload (not of the file:
// strip may move the payload by whole pages). Fields named `reserved` are written as 0 and must be
// ignored by readers of this version; unknown flag bits likewise. A reader refuses a version above
// its own. Strings are UTF-8 by custom, bytes by rule.
//
// Version 2 added kFlagBranches; it is read, and not written any more. Version 3 has kFlagAddresses
// instead, and frames of 8 MiB where version 2 had 4. A bundle that needs neither is written as
// version 1, which older readers take.
#pragma once

#include <stdint.h>

namespace scratchpack {

inline constexpr char kMagic[8] = {'\x93', 's', 'c', 'r', 'p', 'k', '\r', '\n'};
inline constexpr uint32_t kFormatVersion = 3;
inline constexpr uint32_t kNone = 0xffffffff;  ///< "no entry", "no string"
inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kFrameSize = uint64_t{8} << 20;  ///< most bytes one zstd frame decodes to
/// Data files from this size on, and all ELF files, have their pages for themselves.
inline constexpr uint64_t kOwnPagesFrom = 16 * 1024;
inline constexpr uint32_t kLongestPath = 1023;  ///< bytes, without the NUL

enum EntryKind : uint8_t { kKindFile = 0, kKindDirectory = 1, kKindSymlink = 2 };
enum EntryMethod : uint8_t { kMethodRaw = 0, kMethodZstd = 1 };

enum EntryFlags : uint16_t {
  kFlagContainerFirst = 1,  ///< a file of the container at this path wins
  kFlagProgram = 2,         ///< ELF with PT_INTERP: `interpreter` and the start list are set
  kFlagElf = 4,             ///< any ELF file: what linkers map
  kFlagAppendUser = 8,      ///< passwd or group: a line for the running id is added when missing
  kFlagMusl = 16,           ///< a dynamic linker that is the C library too
  kFlagBranches = 32,       ///< zstd: its frames hold absolute branch targets (addresses.h)
  kFlagAddresses = 64,      ///< zstd: its frames hold absolute addresses (addresses.h)
};

struct Entry {
  uint64_t path_hash;       ///< fnv1a of the path
  uint64_t offset;          ///< of the content (raw), else 0
  uint64_t size;            ///< as the program sees it: the original's bytes
  uint64_t image_size;      ///< bytes of content; above `size` when a segment was added
  uint64_t stored_size;     ///< bytes taken in the bundle
  uint64_t checksum;        ///< XXH64 of the image_size bytes, decoded
  uint64_t slot;            ///< virtual address of the handler slot; 0: not rewritten
  uint64_t segment_offset;  ///< file offset of the added segment; 0: not rewritten
  uint32_t path;            ///< in strings
  uint32_t path_length;     ///< 1 to kLongestPath
  uint32_t target;          ///< of a symlink, in strings; else kNone
  uint32_t target_length;
  uint32_t first_frame;  ///< zstd: frames in order of position
  uint32_t frame_count;
  uint32_t first_listed;  ///< in lists. Program: what its start opens, itself and its linker first;
                          ///< directory: what lies in it, sorted by name
  uint32_t listed_count;
  uint32_t first_undo;
  uint32_t undo_count;
  uint32_t interpreter;  ///< entry number of a program's linker; else kNone
  uint32_t mode;         ///< permission bits
  uint8_t kind;          ///< EntryKind
  uint8_t method;        ///< EntryMethod
  uint16_t flags;        ///< EntryFlags
  uint32_t reserved[3];
};
static_assert(sizeof(Entry) == 128);

struct Frame {
  uint64_t offset;    ///< of the frame's bytes in the payload
  uint64_t position;  ///< of what it decodes to in the file
  uint32_t stored;    ///< bytes of the frame
  uint32_t size;      ///< bytes decoded, 1 to kFrameSize; the frame carries its own checksum
};
static_assert(sizeof(Frame) == 24);

/// Restores what the rewriting replaced: `length` bytes from strings[`bytes`] go to `offset`.
struct UndoRecord {
  uint64_t offset;  ///< in the file
  uint32_t bytes;   ///< in strings
  uint32_t length;
};
static_assert(sizeof(UndoRecord) == 16);

enum EnvironmentFlags : uint32_t {
  kEnvironmentOnlyIfUnset = 1,
  kEnvironmentIsPath = 2,         ///< paths between colons: led into the tree when extracted
  kEnvironmentExtractedOnly = 4,  ///< says nothing in place, where paths are served by themselves
};

struct EnvironmentRecord {
  uint32_t name;   ///< in strings
  uint32_t value;  ///< in strings
  uint32_t flags;
  uint32_t reserved;
};
static_assert(sizeof(EnvironmentRecord) == 16);

enum StartMode : uint32_t { kStartInPlace = 0, kStartExtract = 1 };

enum LaunchFlags : uint32_t {
  kLaunchLinkerArgv0 = 1,  ///< the linker knows --argv0
};

/// What to run and how.
struct LaunchRecord {
  uint32_t program;      ///< entry number
  uint32_t interpreter;  ///< entry number
  uint32_t mode;         ///< StartMode
  uint32_t flags;        ///< LaunchFlags
  uint32_t execfn;       ///< path the program was started by, in strings (AT_EXECFN)
  uint32_t name;         ///< what the process is called (comm), in strings
  uint32_t argv0;        ///< replaces argv[0] (a script's interpreter); kNone: the caller's
  uint32_t arguments;    ///< first of `argument_count` strings back to back, put before the user's
  uint32_t argument_count;
  uint32_t environment_count;
  uint32_t workdir;       ///< in strings, or kNone
  uint32_t user;          ///< numeric, or kNone: as started
  uint32_t group;         ///< numeric, or kNone
  uint32_t library_path;  ///< directories of the libraries joined by ':', in strings (extraction)
  uint32_t reserved[2];
};
static_assert(sizeof(LaunchRecord) == 64);

struct PayloadHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_size;     ///< 512
  uint64_t payload_size;    ///< bytes, all of it
  uint64_t table_size;      ///< bytes of header and table: what `table_checksum` covers
  uint64_t table_checksum;  ///< XXH64 of the rest of the table, seeded with the XXH64 of this
                            ///< header whose table_checksum is 0
  uint64_t entries;         ///< offsets of the parts of the table ...
  uint64_t buckets;
  uint64_t frames;
  uint64_t lists;
  uint64_t undo;
  uint64_t environment;
  uint64_t strings;
  uint64_t strings_size;
  uint32_t entry_count;
  uint32_t bucket_count;  ///< a power of two above entry_count
  uint32_t frame_count;
  uint32_t list_count;
  uint32_t undo_count;
  uint32_t reserved0;
  LaunchRecord launch;
  uint64_t time;             ///< mtime of every file, seconds since 1970
  uint64_t manifest;         ///< offset of the zstd frame
  uint64_t manifest_stored;  ///< bytes
  uint64_t manifest_size;    ///< bytes decoded
  uint64_t bootloader_size;  ///< bytes of the bootloader's file before the payload
  uint64_t start_size;       ///< what to read ahead: header, table, what the start opens; of what
                             ///< is large and stored as it is the head only; 0: not said
  uint64_t licences;  ///< offset of a zstd frame: licence texts back to back, as the manifest
                      ///< divides them; 0: none
  uint64_t licences_stored;  ///< bytes
  uint64_t licences_size;    ///< bytes decoded
  uint8_t reserved[512 - 264];
};
static_assert(sizeof(PayloadHeader) == 512);

/// FNV-1a, 64 bits: one step a byte, so that a walk has the hash of every prefix for free.
inline constexpr uint64_t kHashSeed = 0xcbf29ce484222325;
constexpr uint64_t hash_step(uint64_t hash, char byte) {
  return (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
}
constexpr uint64_t hash_path(const char* path, uint64_t length) {
  uint64_t hash = kHashSeed;
  for (uint64_t i = 0; i < length; ++i) hash = hash_step(hash, path[i]);
  return hash;
}

/// What an extracted copy of the bootloader carries as its payload: it is then the PT_INTERP of
/// the extracted programs, and starts the real linker so that it finds the extracted libraries.
inline constexpr char kExtractedMagic[8] = {'\x93', 's', 'c', 'r', 'x', 't', '\r', '\n'};
struct ExtractedHeader {
  char magic[8];
  uint32_t size;          ///< bytes, strings included
  uint32_t flags;         ///< LaunchFlags
  uint32_t linker;        ///< offset of the real linker's path from the start of this header
  uint32_t library_path;  ///< offset
};

}  // namespace scratchpack
