// A root file system with a program of a package, and what a distribution keeps about packages.
#pragma once

#include "tests/cases/scratch_folder.h"

namespace scratchpack::testing {

/// Fills the folder ROOT below `folder` (its path is returned):
///   /usr/bin/tool     this machine's env, of the package `tool 2.0-1+b1` (source `tools 2.0-1`)
///   its linker and C library, of `libc6 2.99-1`; /lib is a link to usr/lib
///   /etc/os-release -> ../usr/lib/os-release, of `base-files 12` with the common licences
///   copyright files: tool's in the machine-readable form (GPL-2+ and Expat), libc6's a link to
///   that of `libc-doc`, in free words that refer to LGPL-2.1; base-files has none
/// and dpkg's database of all that.
std::string make_packaged_root(const ScratchFolder& folder);

}  // namespace scratchpack::testing
