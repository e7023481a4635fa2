// Extracted trees that nobody uses any more: a program that was killed (or simply ended: nothing
// of ours stays to clean up) leaves its tree, and the next start in that place removes it.
#pragma once

namespace scratchpack {

inline constexpr const char* kPlacePrefix = ".sp-";
inline constexpr const char* kOwnerFile = "/.owner";

/// Writes who uses the tree: process, its start time, its PID namespace. 0 or -errno.
long write_owner(const char* place);

/// Removes the trees below `parent` that are ours (same user) and unused: the owner is gone and no
/// process runs a program out of it. A tree without an owner file is left alone for a minute: it
/// is being made.
void remove_leftovers(const char* parent);

}  // namespace scratchpack
