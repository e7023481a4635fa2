// Whether a path-carrying call is the bundle's business, in the order README states: programs,
// libraries and what lies below /usr: the bundle first; entries marked container_first and
// directories: the container first; everything the bundle does not know: the container.
#pragma once

#include <stdint.h>

#include "runtime/format.h"

namespace scratchpack {

/// The entry to answer from, or nullptr: let the call pass. `directory` and `path` are the call's
/// own; relative paths start at that directory, which may be known to the bundle or not.
const Entry* locate(long directory, const char* path, bool follow_last);

/// Whether the path names this process's own executable (/proc/self/exe and its spellings).
bool is_own_executable(const char* path);

}  // namespace scratchpack
