// The seccomp filter that makes a traced program wait at the calls a trace wants to see, and at no
// others: waiting at all of them costs several times as much.
#pragma once

#include "bundler/base/file.h"
#include "runtime/calls.h"

namespace scratchpack {

/// Whether a trace has to see this call. Of mmap only what maps code of a file.
bool is_watched(const Call& call);

/// Whether a watched call changes no file, whatever its arguments: what it finds can be told at its
/// beginning. So can an open unless may_make.
bool only_searches(const Call& call);
bool may_make(std::uint64_t open_flags);

struct Filter {
  int error;            ///< the errno of a kernel that has no filters, or refuses them
  Descriptor listener;  ///< see below; not valid without
};

/// Makes this thread, and all it will start, wait at watched calls. Sets no_new_privs where the
/// kernel wants that (for all but root). Watched calls are ptrace stops, and fail without a tracer;
/// fit for what is about to be traced. With `listen` those that only search come by a listener
/// (listener.h) in place of a stop, where the kernel has them: that is much quicker.
Filter install_filter(bool listen);

/// For a listener alone, without a tracer: of this thread, and all it will start, what only
/// searches and what executes a program comes by it; all else is let through. The thread must have
/// no_new_privs or be privileged. Invalid where the kernel has no listeners, or refuses them.
Descriptor hold_searches();

}  // namespace scratchpack
