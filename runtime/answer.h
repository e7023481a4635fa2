// What single calls want to know of a bundled file.
#pragma once

#include <stdint.h>

#include "runtime/calls.h"
#include "runtime/format.h"

namespace scratchpack {

inline constexpr long kPass = -5000;  ///< neither a result nor an errno: let the call pass

/// Who opens: linkers map what they open, programs read it. musl's linker is the C library.
enum class Opener { linker, library, musl };

/// The flags of an open call, wherever it keeps them. False: openat2 with restrictions that only
/// the kernel can keep.
bool open_flags(const Registers& r, uint64_t& flags);

/// Whether an open with these flags may write.
bool writes(uint64_t flags);

/// Whether a call follows a link that is the path's last component.
bool follows_last_link(const Registers& r, CallAction action);

/// stat, access, readlink and their like.
long answer_look(const Registers& r, const Entry& entry);

/// A descriptor of the entry, or -errno.
long answer_open(Opener opener, const Entry& entry, uint64_t flags);

/// /proc/self/exe: the program's own path, status and bytes instead of the bundle's.
long answer_own_executable(Opener opener, const Registers& r, CallAction action, bool follow,
                           uint64_t flags);

/// The same for a path that leads to the bundle's file, which is the program's own to it.
long answer_own_file(Opener opener, const Registers& r, CallAction action, uint64_t flags);

/// /proc/self/fd/N and its like, when the descriptor stands for a bundled file.
long answer_descriptor_path(const Registers& r, const Entry& entry, CallAction action,
                            Opener opener, bool follow, uint64_t flags);

/// fstat: the kernel answers, and what carries our mark is set right.
long answer_fstat(long descriptor, uint64_t buffer);

/// Calls that name a descriptor by an empty path.
long answer_empty_path(const Registers& r, CallAction action);

}  // namespace scratchpack
