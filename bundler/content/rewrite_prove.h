// The heart of verify_rewrite: what a changed instruction of the original leads to. It follows the
// jump through its thunk, instruction by instruction, and proves that the thunk asks the entry,
// does what was displaced, and goes on where the original went on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundler/content/rewrite.h"
#include "bundler/content/rewrite_disassemble.h"

namespace scratchpack {

/// A window whose thunk does as the original did. Addresses.
struct ProvedWindow {
  std::uint64_t begin;
  std::uint64_t end;  ///< behind the syscall, or behind what moved
  std::uint64_t call;
  RewriteSite::Kind kind;
  std::uint64_t thunk;
  std::uint64_t stepped;  ///< in the thunk: the red zone is stepped over
  std::uint64_t back;     ///< and behind stepping back
};

/// A cancellation bridge whose calls all lead to its thunk.
struct ProvedBridge {
  std::uint64_t thunk;
  Bytes test;
};

class Prover {
 public:
  /// The added segment lies from `added` up to `slot`, the entry at its beginning.
  Prover(const ElfView& image, const Disassembly& original, std::uint64_t added, std::uint64_t slot)
      : image_(image), code_(original), added_(added), slot_(slot) {}

  /// Proves the window or call that a changed address belongs to, and gives where what was
  /// overwritten ends; nothing when it cannot be proved. Addresses ascend from call to call.
  std::optional<std::uint64_t> prove_change(std::uint64_t address);

  const std::vector<ProvedWindow>& windows() const { return windows_; }
  /// By the address of the `syscall`.
  const std::map<std::uint64_t, ProvedBridge>& bridges() const { return bridges_; }
  /// One sentence each.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  void fault_at(std::uint64_t address, const char* sentence);
  bool is_added(std::optional<std::uint64_t> address) const {
    return address && *address >= added_ && *address < slot_;
  }
  class Cursor;
  std::optional<std::uint64_t> prove_call(std::size_t index);
  std::optional<ProvedWindow> prove_window(std::uint64_t address);
  std::optional<ProvedWindow> prove_exits(ProvedWindow window, std::size_t call, Cursor at);
  void check_window(const ProvedWindow& window);

  const ElfView& image_;
  const Disassembly& code_;
  std::uint64_t added_;
  std::uint64_t slot_;
  std::vector<ProvedWindow> windows_;
  std::map<std::uint64_t, ProvedBridge> bridges_;
  std::vector<std::string> faults_;
};

/// "0x1f"
std::string hexadecimal(std::uint64_t value);

}  // namespace scratchpack
