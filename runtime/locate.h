// Whether a path-carrying call is the bundle's business, in the order README states: programs,
// libraries and what lies below /usr: the bundle first; entries marked container_first and
// directories: the container first; everything the bundle does not know: the container.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

/// What the bundle has at a path, whatever the container has: the entry, or nullptr. `directory`
/// and `path` are the call's own; relative paths start at that directory, bundled or not.
const Entry* find_entry(long directory, const char* path, bool follow_last);

/// Whether the container has something at the entry's own path.
bool in_container(const Entry& entry, bool follow_last);

/// A relative path that starts in a directory only we know, spelled out from the root, for the
/// kernel. False: the kernel knows the start itself.
bool absolute_for_kernel(long directory, const char* path, char (&absolute)[kLongestPath + 1]);

/// Whether the path names this process's own executable (/proc/self/exe and its spellings).
bool is_own_executable(const char* path);

}  // namespace scratchpack
