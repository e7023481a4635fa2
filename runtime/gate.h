// What the entry of a rewritten file decides by itself, in a few instructions, before signals are
// blocked and the handler is called (bundler/content/rewrite_entry.cc has the instructions): most
// paths and nearly all descriptors of a running program are none of the bundle's, and their calls
// shall cost what they cost without one.
//
//   paths        are followed component by component through the payload's own hash index. A name
//                that the bundle has not, below directories that it has, ends the matter, unless a
//                `..` comes behind it: the kernel's. Files, links and directories of the bundle,
//                names that begin with a dot, doubled slashes: the handler's.
//   descriptors  are looked up in a set of those that stand for a part of the bundle.
//   fstat        is made, and the result looked at for the mark of a bundled file (status.h).
//
// A path is read only where the handler has found its page readable before: an invalid pointer is
// the kernel's to refuse.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

/// What the entry does with a call, by number. Odd: the path is the second argument.
enum GateClass : unsigned char {
  kGateNone = 0,     ///< none of ours
  kGateHandler = 1,  ///< the handler is always asked
  kGateLookFirst = 2,
  kGateLookSecond = 3,
  kGateMakeFirst = 4,  ///< below a directory of the bundle it may have to be made first
  kGateMakeSecond = 5,
  kGateOpenFirst = 6,  ///< looks, or makes, by the flags that follow the path
  kGateOpenSecond = 7,
  kGateStatus = 8,
  kGateDescriptorFirst = 9,  ///< a descriptor in this argument
  kGateDescriptorSecond = 10,
  kGateDescriptorFifth = 11,
  kGateDescriptorPair = 12,  ///< in the first or the second
};

constexpr GateClass gate_class(const Call& call) {
  const bool first = call.path == kFirst;
  const bool second = call.path == kSecond || call.path == kFirstAt;
  switch (call.action) {
    case kLook:
      return first ? kGateLookFirst : second ? kGateLookSecond : kGateHandler;
    case kCreate:
    case kRemove:
    case kChange:
      return first ? kGateMakeFirst : second ? kGateMakeSecond : kGateHandler;
    case kOpen:
      if (call.number == kCall_creat) return kGateMakeFirst;
      if (call.number == kCall_openat2) return kGateHandler;
      return first ? kGateOpenFirst : kGateOpenSecond;
    case kDescriptor:
      switch (call.number) {
        case kCall_fstat:
          return kGateStatus;
        case kCall_mmap:
          return kGateDescriptorFifth;
        case kCall_sendfile:
          return kGateDescriptorSecond;
        case kCall_dup2:
        case kCall_dup3:
          return kGateDescriptorPair;
        default:
          return kGateDescriptorFirst;
      }
    default:
      return kGateHandler;
  }
}

inline constexpr unsigned kGateDescriptors = 1024;  ///< those at and above this are never ours
inline constexpr unsigned kGatePages = 64;

/// Read by the entry's instructions, which know these offsets.
struct Gate {
  const uint32_t* buckets = nullptr;  ///< of the payload
  const Entry* entries = nullptr;
  uint32_t bucket_mask = 0;
  uint32_t entry_count = 0;
  /// Not 0: the working directory is no place the bundle knows, nor is anything below it.
  uint32_t outside = 0;
  /// Not 0: the handler is asked about every call of ours.
  uint32_t ask = 0;
  uint64_t descriptors[kGateDescriptors / 64] = {};  ///< a bit each: stands for a bundled file
  uint64_t pages[kGatePages] = {};  ///< numbers of pages that were readable, by their low bits
  /// The hash of the first part of the bundle's own path that the bundle does not know: paths that
  /// begin with it are the handler's.
  uint64_t own = 0;
};
static_assert(sizeof(Gate) == 32 + 128 + 512 + 8);

/// What the last page of a rewritten file's added segment begins with, once it is filled. Zeros
/// (the file runs without a bootloader): every call passes.
struct Slot {
  Handler handler;
  const Gate* gate;  ///< nullptr: the handler is asked about every call of ours
};

extern Gate gate;

/// Makes the gate know the payload of `process`.
void open_gate();

/// Makes it ask about the path by which the bundle was started. A relative one keeps all relative
/// paths with the handler (locate.cc).
void gate_ask_about(const char* path);

/// Whether a NUL-terminated path may be read; then the gate may read what lies on its pages.
/// False: to be refused by the kernel (EFAULT), or longer than the kernel takes.
bool readable_path(const char* path);

/// Whether `size` bytes may be read, without reading them.
bool readable(uint64_t address, uint64_t size);

/// Whether `size` bytes may be written. Some of them are, with what means nothing.
bool writable(uint64_t address, uint64_t size);

/// Descriptors that stand for a bundled file.
bool gate_has(long descriptor);
void gate_add(long descriptor);
void gate_remove(long descriptor);

}  // namespace scratchpack
