// Which path a system call names, read out of the memory of the program that makes it.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "bundler/trace/tracee.h"
#include "runtime/calls.h"

namespace scratchpack {

/// What the arguments of a call say of its path; of two, the new one.
struct NamedPath {
  std::string path;
  int directory = AT_FDCWD;        ///< that a relative one begins at
  std::uint64_t flags = 0;         ///< of an open
  bool directory_is_root = false;  ///< RESOLVE_IN_ROOT: no way leads out of it
};

/// `row` is the call's. Nothing for a call on a descriptor, or one whose arguments lead nowhere.
std::optional<NamedPath> named_path(pid_t thread, const Call& row, const StoppedCall& call);

}  // namespace scratchpack
