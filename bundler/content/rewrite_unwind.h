// Unwind data (.eh_frame) read and written, as far as the rewriting needs it: an exception, a
// cancellation or a backtrace must find its way through a thunk as through the code it replaces.
//
// The unwinder finds everything through PT_GNU_EH_FRAME: a header with a table, sorted by
// function, of the frame descriptions (FDEs). Only the one form every linker writes is understood
// (version 1, encodings 1b 03 3b: pc-relative pointer, 4-byte count, 4-byte pairs relative to the
// header); a file with another, or none, is rewritten without unwind data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "bundler/base/file.h"
#include "bundler/content/rewrite_elf.h"

namespace scratchpack {

/// How the caller's frame is found at one instruction: the CFA is `base` + `offset`, and the
/// registers of `saved` lie at the CFA plus the value given. Registers are DWARF numbers.
struct UnwindRow {
  std::uint64_t base = 0;
  std::int64_t offset = 0;
  std::map<std::uint64_t, std::int64_t> saved = {};
  bool outermost = false;  ///< the return address is said to be undefined: no caller
  bool plain = true;       ///< false: uses expressions or is a signal frame; cannot be written
  bool operator==(const UnwindRow&) const = default;
  /// Whether UnwindWriter can say it.
  bool writable() const;
};

/// One entry of the header's search table.
struct UnwindEntry {
  std::uint64_t function;     ///< address of the first instruction
  std::uint64_t description;  ///< address of the FDE
};

inline constexpr std::uint64_t kDwarfRbp = 6;
inline constexpr std::uint64_t kDwarfRsp = 7;
inline constexpr std::uint64_t kDwarfReturn = 16;

class UnwindTable {
 public:
  /// Nothing when the file has no PT_GNU_EH_FRAME of the usual form.
  static std::optional<UnwindTable> read(const ElfView& elf);

  std::uint64_t frames() const { return frames_; }  ///< address of .eh_frame
  const std::vector<UnwindEntry>& entries() const { return entries_; }

  /// The addresses one entry's FDE covers; nothing when it cannot be read.
  std::optional<AddressRange> covered(const ElfView& elf, const UnwindEntry& entry) const;

  /// Whether one entry describes the code that returns from a signal.
  bool is_signal_frame(const ElfView& elf, const UnwindEntry& entry) const;

  /// The row for an instruction; nothing when no readable FDE covers it.
  std::optional<UnwindRow> row(const ElfView& elf, std::uint64_t address) const;

 private:
  std::uint64_t frames_ = 0;
  std::vector<UnwindEntry> entries_;
};

/// Builds an .eh_frame of one CIE and many FDEs that lies at `address`.
class UnwindWriter {
 public:
  explicit UnwindWriter(std::uint64_t address);

  /// From `offset` bytes into the code on, `row` holds. Offsets ascend; the first is 0.
  using Steps = std::vector<std::pair<std::uint64_t, UnwindRow>>;
  void add(std::uint64_t function, std::uint64_t length, const Steps& steps);

  /// Closes the section and gives its bytes, a multiple of 8.
  Bytes finish();
  const std::vector<UnwindEntry>& entries() const { return entries_; }

 private:
  std::uint64_t address_;
  Bytes bytes_;
  std::vector<UnwindEntry> entries_;
};

/// A header at `address` that leads to `frames` and lists all entries (sorted here).
/// Throws Error when something is further than 2 GiB away.
Bytes write_unwind_header(std::uint64_t address, std::uint64_t frames,
                          std::vector<UnwindEntry> entries);

}  // namespace scratchpack
