// What the in-place runtime knows of this process. One object, in the bootloader's own data, filled
// before the jump and read by the handlers ever after; fork and threads share it as they would any
// program's data.
#pragma once

#include <stdint.h>

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/payload.h"

namespace scratchpack {

struct Process {
  Payload payload;
  uint64_t payload_offset = 0;  ///< of the payload in the bundle's file
  const Entry* program = nullptr;
  /// The working directory when it exists in the bundle only: the kernel then knows another one.
  /// See working_directory.h for who asks.
  const Entry* working_directory = nullptr;
  /// The path the bundle itself was started by; nullptr when another program of it runs.
  const char* own_name = nullptr;
  long id = 0;                ///< of the process that was started; forked ones have another
  bool robust_lists = false;  ///< the C library registers them (working_directory.h)
  bool left_root = false;     ///< the program called chroot: the bundle's paths mean nothing there
  bool debug = false;         ///< SCRATCHPACK_DEBUG=1
  KernelStat bundle = {};  ///< of the bundle's file: device, owner and block size of what is served
};

extern Process process;

/// A descriptor of the bundle's file, or -errno (no /proc, unreadable, too many descriptors).
/// `flags`: O_CLOEXEC and O_NONBLOCK as wanted.
long open_bundle(long flags);

/// Whether a descriptor is one of the bundle's file.
bool is_bundle(long descriptor);

/// Fills Process::bundle from a descriptor of the bundle, and makes the next ones cheaper.
void know_bundle(long file);

/// Pointers no path can have. Whether one of the others can be read is known to gate.h.
inline bool plausible_pointer(uint64_t pointer) {
  return pointer >= kPageSize && pointer < (uint64_t{1} << 47);
}

}  // namespace scratchpack
