// Extracted trees that nobody uses any more: a program that was killed (or simply ended: nothing
// of ours stays to clean up) leaves its tree, and the next start in that place removes it.
#pragma once

namespace scratchpack {

inline constexpr const char* kPlacePrefix = ".sp-";
inline constexpr const char* kOwnerFile = "/.owner";

/// Makes `place` (PARENT/.sp-NAME, mode 0700) with an owner file in it: process, its start time,
/// its PID namespace. Until that is written, and again while a tree is removed, the directory is
/// called .sp+NAME+OWNER, so that whoever is killed at any point leaves what can be judged. 0 or
/// -errno.
long make_owned_directory(const char* parent, const char* name, const char* place);

/// Removes the trees below `parent` that are ours (same user) and unused: the owner is gone and no
/// process runs a program out of it. A tree without an owner file is left alone for a minute: it
/// is being made.
void remove_leftovers(const char* parent);

}  // namespace scratchpack
