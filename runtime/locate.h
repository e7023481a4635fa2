// Whether a path-carrying call is the bundle's business, in the order README states: programs,
// libraries and what lies below /usr: the bundle first; entries marked container_first and
// directories: the container first; everything the bundle does not know: the container.
#pragma once

#include <stdint.h>

#include "runtime/format.h"
#include "runtime/path_map.h"

namespace scratchpack {

/// Walks a call's path. `directory` and `path` are the call's own; relative paths start at that
/// directory, bundled or not. `spelled`: the start is a directory only we know, so the kernel needs
/// the path from the root. False when there is nothing to look up (no path, start unknown).
bool walk_from(long directory, const char* path, bool follow_last, Walk& walk, bool& spelled);

/// The entry a walk found, or nullptr.
const Entry* found_entry(const Walk& walk);

/// Both at once.
const Entry* find_entry(long directory, const char* path, bool follow_last);

/// Whether the container has something at the entry's own path.
bool in_container(const Entry& entry, bool follow_last);

/// The path spelled out for the kernel, when it needs that (walk_from). False: it does not.
bool spell_for_kernel(long directory, const char* path, char (&spelled_path)[kLongestPath + 1]);

/// The bundled file or directory that a descriptor stands for, or nullptr.
const Entry* entry_of_descriptor(long descriptor);

/// The same, of the descriptor a path names: /proc/self/fd/N, /dev/fd/N and their like.
const Entry* named_by_descriptor(const char* path);

/// Whether the path names this process's own executable (/proc/self/exe and its spellings).
bool is_own_executable(const char* path);

/// Whether a path is the one that the bundle was started by and still leads to the bundle's file:
/// what the program takes for its own file, wherever the container has put the bundle.
bool is_bundle_file(long directory, const char* path, bool follow_last);

}  // namespace scratchpack
