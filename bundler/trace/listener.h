// The listening end of a seccomp filter: calls that the kernel holds until this process has seen
// them. No ptrace stop is taken for them, and where the kernel can (Linux 6.6), it goes from the
// program to the tracer and back on one processor, without waking another.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "bundler/base/file.h"
#include "bundler/trace/tracee.h"

namespace scratchpack {

struct HeldCall {
  std::uint64_t id = 0;
  pid_t thread = 0;
  StoppedCall call = {};
};

class Listener {
 public:
  /// The descriptor may be invalid: then nothing ever comes.
  explicit Listener(Descriptor descriptor);

  int descriptor() const { return descriptor_.get(); }
  /// The next call; nothing when a signal took it away before.
  std::optional<HeldCall> receive() const;
  /// The call is made as if nobody had held it.
  void let_go(const HeldCall& held) const;

 private:
  Descriptor descriptor_;
};

}  // namespace scratchpack
