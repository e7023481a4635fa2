// Which entry of the bundle a path means, as the kernel would resolve it if the bundle were a root
// file system: links, `.`, `..`, doubled slashes. No buffer, no allocation, bounded stack: it runs
// in signal handlers, on 8 KiB stacks and in vfork children.
//
// It walks entry by entry: the hash of a child's path is its directory's hash continued, so each
// component costs one probe of the hash index, and the walk never has to put a path together.
#pragma once

#include <stdint.h>

#include "runtime/payload.h"

namespace scratchpack {

struct Walk {
  const Entry* entry = nullptr;  ///< deepest known entry; nullptr: the root
  uint32_t unknown = 0;          ///< names below `entry` that the bundle does not know
  bool not_directory = false;    ///< the path goes on behind a file, if only by a slash
  bool loop = false;             ///< more than 40 links
  bool moved = false;            ///< a link of the bundle was followed on the way
  /// What is left of the path where the bundle's knowledge ends: texts to be put together with
  /// slashes. Set when `unknown` is not 0.
  const char* rest[9] = {};
  int rest_count = 0;

  bool found() const { return unknown == 0 && !loop; }
  /// The entry found; the root's own for the root.
  const Entry& found_entry(const Payload& payload) const {
    return entry == nullptr ? payload.entries[0] : *entry;
  }
};

/// The entry whose path is `directory`'s path (nullptr: the root's), a slash and `name`.
const Entry* find_child(const Payload& payload, const Entry* directory, const char* name,
                        uint64_t length);

/// Follows `path` from `start` (nullptr: the root; ignored when path begins with a slash). The
/// last component's link is followed when `follow_last` or a slash ends the path.
Walk walk_path(const Payload& payload, const Walk& start, const char* path, bool follow_last);

/// The path the kernel is to look at instead: the deepest known entry's own, and what is left.
/// False when it is longer than kLongestPath.
bool spell_path(const Payload& payload, const Walk& walk, char (&path)[kLongestPath + 1]);

}  // namespace scratchpack
