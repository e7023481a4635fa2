// The system calls that a container engine refuses: Docker's default seccomp profile, as it comes
// out for a container without capabilities.
#pragma once

namespace scratchpack {

/// Refuses them to this thread and all it will start, with EPERM, and clone3 with ENOSYS, so that
/// libraries fall back to clone, whose namespaces can be told from threads. The thread must have
/// no_new_privs, or be privileged. What the profile allows by exception is allowed here; calls that
/// the kernel refuses to the unprivileged by itself are not listed again. Returns 0, or the errno
/// of a kernel that has no filters or refuses them.
int refuse_as_containers_do();

}  // namespace scratchpack
