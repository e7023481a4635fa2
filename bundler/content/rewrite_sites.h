// Which `syscall` instructions matter, and which bytes around each can give way to a jump.
//
// A site matters when the number in eax is one of ours or cannot be known: all paths that lead to
// it are followed backwards to what they put there.
//
// The jump needs 5 bytes, the `syscall` has 2. So whole instructions around it move into a thunk,
// the *window*. Best is a window that ends before the `syscall`: then the instruction keeps its
// address, which the kernel reports in signals and which the C library compares (cancellation
// asks whether the thread was in a system call by its program counter), and calls that pass
// through do so where they always did. Where that fails the `syscall` moves along.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundler/content/rewrite.h"
#include "bundler/content/rewrite_bridge.h"
#include "bundler/content/rewrite_disassemble.h"
#include "runtime/calls.h"

namespace scratchpack {

using CallSet = std::bitset<kCallLimit>;

/// The calls that a file in this role must ask about.
CallSet calls_of(RewriteRole role);

/// The numbers eax may hold at the `syscall` with this index; nothing when one of the paths there
/// brings a number that is not known.
std::optional<std::vector<std::int64_t>> numbers_at(const Disassembly& code, std::size_t call);

/// Whether such a site is of interest.
bool matters(const std::optional<std::vector<std::int64_t>>& numbers, const CallSet& calls);

/// A site with its window. Of a cancellation bridge (rewrite_bridge.h) nothing moves. `first` and
/// `last` are indices of instructions: those that move are [first, call) and, of a moved site,
/// [call, last).
struct Window {
  RewriteSite site;
  std::size_t first = 0;
  std::size_t call = 0;
  std::size_t last = 0;
  std::uint64_t begin = 0;  ///< address of the jump
  std::uint64_t end = 0;    ///< behind the `syscall` (kept) or behind what moved
  std::optional<UnwindRow> row = std::nullopt;  ///< throughout the window
  std::optional<Bridge> bridge = std::nullopt;
};

/// Every site that matters, by address. Throws Error for more than any C library has.
std::vector<Window> plan_windows(const ElfView& elf, const Disassembly& code, const CallSet& calls);

}  // namespace scratchpack
