// Runs a command and everything it starts under ptrace, and records the files they use.
//
// The tracer is a mere onlooker: signals reach the command as they would without it, and those
// sent to the tracer (TERM, INT, HUP, QUIT, USR1, USR2) are passed on; a ^C of the terminal goes to
// both already. It ends when the last process does: when the command ends and leaves others
// running, they are traced on, and signals sent to the tracer from then on go to all of them.
// Should the tracer be killed, they are killed with it.
//
// Not seen is what runs as 32-bit code, a file that was opened before (a descriptor that was handed
// in) and io_uring. Paths in a mount namespace that the command makes itself are taken for the
// tracer's. A process made with CLONE_UNTRACED escapes its tracer, and calls fail in it (ENOSYS).
#pragma once

#include <string>
#include <vector>

#include "bundler/find/profile.h"

namespace scratchpack {

struct TraceRequest {
  std::vector<std::string> command;  ///< a name is looked for in PATH
  bool allow_private = false;        ///< what looks private is recorded like anything else
  bool output_to_errors = false;     ///< its standard output goes to standard error
};

/// A command that cannot be run: main exits as env(1) does, with 127 or 126.
struct Traced {
  int status = 0;  ///< of the command; 128+N when it died of signal N; 127, 126: see `refusal`
  std::string refusal = {};  ///< not empty: it was not executed, and why
  Profile profile = {};
};

/// Throws Error where the kernel or the container forbids tracing.
Traced trace(const TraceRequest& request);

}  // namespace scratchpack
