// The cancellation bridge: the one function through which newer C libraries (glibc from 2.41 on,
// musl) make every system call that is a cancellation point.
//
//   bridge:  mov (%rdi),%eax; test           the thread's cancellation flag
//            jne cancel
//            nine moves                      arguments of the function -> of the system call
//            syscall
//            ret
//
// A cancelling signal acts only when it interrupts between `bridge` and behind the `syscall`;
// before, the test will see the flag. So nothing in between may be displaced: a signal taken in a
// thunk would find the test passed and the program counter elsewhere, be ignored, and the call
// would block for good. Instead the *calls* of the bridge are pointed at a thunk that asks first
// and, when declined, goes on to the bridge as if called from where it was.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bundler/base/file.h"
#include "bundler/content/rewrite_disassemble.h"

namespace scratchpack {

/// Instructions of a bridge before its `syscall`.
inline constexpr std::size_t kBridgeLength = 12;

struct Bridge {
  std::size_t first;                 ///< index of its first instruction
  Bytes test;                        ///< sets the zero flag unless the flag at (%rdi) is raised
  std::vector<std::size_t> callers;  ///< all calls of it; nothing else leads there
};

/// The bridge that a `syscall` belongs to; nothing when its code is not exactly this, or when it
/// may be entered other than by direct calls.
std::optional<Bridge> find_bridge(const Disassembly& code, std::size_t call);

/// The thunk that asks for the bridge at `bridge`, to lie at `address`, and its unwind rows.
Bytes bridge_thunk(const Bytes& test, std::uint64_t address, std::uint64_t entry,
                   std::uint64_t bridge);
UnwindWriter::Steps bridge_rows(const Bytes& test);

}  // namespace scratchpack
