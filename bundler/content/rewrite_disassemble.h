// The instructions of a file: where each begins, where branches lead, which of them are `syscall`.
//
// A linear sweep, begun afresh at every address the file is known to be entered at (functions of
// the unwind table, dynamic symbols, relocated pointers), so that data between functions cannot
// put the sweep out of step for longer than to the next function. What a recursive walk would
// miss (functions reached through pointers only) the sweep sees.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "bundler/content/rewrite_elf.h"
#include "bundler/content/rewrite_unwind.h"

namespace scratchpack {

/// Where execution goes on after an instruction.
enum class Flow : std::uint8_t {
  next,         ///< behind it
  conditional,  ///< behind it or at `target`
  jump,         ///< at `target`
  call,         ///< behind it, after a function that may change every scratch register
  indirect,     ///< a jump whose target is not in the instruction
  end,          ///< nowhere that is known: ret, hlt, ud2, int3
  system_call,  ///< `syscall`: behind it
  bad,          ///< no instruction
};

struct Instruction {
  std::uint64_t address;
  std::uint64_t target;  ///< of a conditional, jump or direct call; else 0
  std::uint8_t length;   ///< bytes
  Flow flow;
  std::uint64_t end() const { return address + length; }
};

/// CF, PF, AF, ZF, SF and OF, as bits of the flags register.
inline constexpr std::uint32_t kStatusFlags = 0x8d5;

/// A general register by its number in instructions: rax 0, rcx 1 … r15 15.
using RegisterNumber = std::uint8_t;
inline constexpr RegisterNumber kRax = 0;

/// What one instruction puts into one register.
struct Assignment {
  enum class Kind : std::uint8_t {
    untouched,
    constant,  ///< `value`, zero-extended from 32 bits
    copied,    ///< the value of the register `from`
    popped,    ///< from the stack
    unknown,
  };
  Kind kind = Kind::unknown;
  std::int64_t value = 0;
  RegisterNumber from = 0;
};

/// What one instruction is to the bytes around it.
struct Effect {
  std::uint32_t flags_read = 0;                 ///< of kStatusFlags
  std::uint32_t flags_written = 0;              ///< of kStatusFlags, those certainly replaced
  const char* immovable = "is no instruction";  ///< why it cannot move elsewhere; null: it can
  bool nothing = false;                         ///< a nop of any length
};

class Disassembly {
 public:
  /// Throws Error for more code than any C library has (each byte costs up to 24 here).
  explicit Disassembly(const ElfView& elf);
  /// A piece of code alone, entered at its beginning: what leads into it from elsewhere is not
  /// seen.
  Disassembly(const ElfView& elf, const AddressRange& piece);
  ~Disassembly();
  Disassembly(const Disassembly&) = delete;
  Disassembly& operator=(const Disassembly&) = delete;

  const std::vector<Instruction>& instructions() const { return instructions_; }
  /// Index of the instruction that begins at an address.
  std::optional<std::size_t> index_of(std::uint64_t address) const;
  /// Index of the instruction that an address lies in.
  std::optional<std::size_t> index_containing(std::uint64_t address) const;
  /// Whether control may arrive in [begin, end) other than by falling into `begin - 1`'s follower:
  /// a branch target, jump table entry, function start or address taken lies there.
  bool entered_within(std::uint64_t begin, std::uint64_t end) const;
  /// Whether an address is entered from places that are not direct branches.
  bool entered_from_elsewhere(std::uint64_t address) const;
  /// Indices of the conditionals and jumps that lead to an address.
  std::vector<std::size_t> sources(std::uint64_t address) const;
  /// Indices of the direct calls of an address.
  std::vector<std::size_t> callers(std::uint64_t address) const;
  /// Whether no branch leads to an address and nothing runs into it, so that direct calls are the
  /// way there. Its address being taken does not count: the C library compares with addresses.
  bool only_called(std::uint64_t address) const;
  /// The instruction before `index`, if it ends where that begins.
  std::optional<std::size_t> before(std::size_t index) const;

  Effect effect(std::size_t index) const;
  Assignment assignment(std::size_t index, RegisterNumber to) const;
  /// The value a `push` of a constant pushes.
  std::optional<std::int64_t> pushed(std::size_t index) const;
  std::span<const std::uint8_t> bytes(std::size_t index) const;

 private:
  struct Decoder;
  void leave_out_tables(const UnwindTable* unwind);
  void collect_starts(const UnwindTable* unwind);
  void sweep(const AddressRange& range);
  void collect_targets();
  void collect_jump_tables(const std::vector<std::uint64_t>& tables);
  bool in_code(std::uint64_t address) const;

  friend std::vector<std::size_t> boundaries_among(std::span<const std::uint8_t>,
                                                   std::span<const std::size_t>);

  const ElfView& elf_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<AddressRange> code_;
  std::vector<std::uint64_t> starts_;   // sorted: called, address taken, in tables or symbols
  std::vector<std::uint64_t> targets_;  // sorted: starts_ and everything a branch leads to
  using Edges = std::vector<std::pair<std::uint64_t, std::size_t>>;  // sorted: target, from
  static std::vector<std::size_t> edges_to(const Edges& edges, std::uint64_t address);
  Edges branches_;  // conditionals and jumps
  Edges calls_;
  std::vector<Instruction> instructions_;
};

/// Those of `offsets` (ascending) at which an instruction begins when the bytes are decoded one
/// after the other from the first byte on. Much faster than a Disassembly.
std::vector<std::size_t> boundaries_among(std::span<const std::uint8_t> code,
                                          std::span<const std::size_t> offsets);

}  // namespace scratchpack
