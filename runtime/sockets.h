// Unix sockets that are named by a path: the kernel gets the real one.
#pragma once

#include "runtime/calls.h"

namespace scratchpack {

/// bind and connect. kPass unless links or directories of the bundle led to the path.
long socket_call(const Registers& r);

}  // namespace scratchpack
