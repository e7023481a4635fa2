// What a tracer asks the kernel about a stopped process.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace scratchpack {

/// A system call of a stopped process, at its entry or its end.
struct StoppedCall {
  bool ended = false;
  int number = -1;                              ///< at the entry
  std::array<std::uint64_t, 6> arguments = {};  ///< at the entry
  std::int64_t result = 0;                      ///< at the end; -errno when it failed
};

/// The call at which `thread` stopped; nothing when it is gone, is not at a call, or runs code of
/// another architecture.
std::optional<StoppedCall> stopped_call(pid_t thread);

/// The text at `address`, up to its zero byte; nothing when it leads nowhere or is longer than any
/// path.
std::optional<std::string> text_at(pid_t thread, std::uint64_t address);

/// Fills `size` bytes from `address`; false when they are not all there.
bool bytes_at(pid_t thread, std::uint64_t address, void* out, std::size_t size);

/// Whether memory can be read of processes that do not stand still: not where a container forbids
/// process_vm_readv, nor where root may not trace who gave up being root.
bool reads_running_processes();

/// Where /proc/THREAD/NAME leads (`cwd`, `root`, `fd/3`); nothing when that is no path: a pipe, a
/// socket, a file that was removed.
std::optional<std::string> link_of(pid_t thread, const std::string& name);

}  // namespace scratchpack
