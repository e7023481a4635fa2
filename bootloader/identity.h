// The launch record's working directory, user and group.
#pragma once

#include "runtime/payload.h"

namespace scratchpack {

/// Changes to the working directory (made where it is missing and may be made), then, when started
/// as root, to the group and user asked for. Fails with 125.
void take_identity(const Payload& payload);

}  // namespace scratchpack
