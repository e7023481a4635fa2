// A trace made inside another root file system, as `build --from-image --trace-run` needs it: as
// root in a mount namespace of its own, with /proc, a container's devices and this machine's
// network. What the command writes goes into memory: the root stays as it is.
#pragma once

#include <string>
#include <vector>

#include "bundler/trace/tracer.h"

namespace scratchpack {

struct RootedTrace {
  std::string folder;  ///< has the root file system as `root`, and room for another folder
  std::vector<std::string> command;      ///< an absolute program first
  std::vector<std::string> environment;  ///< K=V, all of it
  std::string workdir;                   ///< absolute; made when it is missing
};

/// The command's standard output goes to standard error. Signals sent to this process meanwhile go
/// to the command. Throws Error where the kernel or the container allows no such root.
Traced trace_in_root(const RootedTrace& request);

}  // namespace scratchpack
