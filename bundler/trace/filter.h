// The seccomp filter that makes a traced program stop at the calls a trace wants to see, and at no
// others: stopping at all of them costs several times as much.
#pragma once

#include "runtime/calls.h"

namespace scratchpack {

/// Whether a trace has to see this call. Of mmap only what maps code of a file.
bool is_watched(const Call& call);

/// Makes this process, and all it will start, stop at watched calls. Sets no_new_privs where the
/// kernel wants that (for all but root). Returns 0, or the errno of a kernel that has no filters.
/// Without a tracer the watched calls then fail; fit for a child that is about to be traced.
int install_filter();

}  // namespace scratchpack
