// The rewriting that makes an in-place start possible: the dynamic linker's and the C library's
// own `syscall` instructions are made to ask the bootloader's handler first.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bundler/base/file.h"

namespace scratchpack {

/// A system call by its name, as far as runtime/calls.h knows it, else by its number.
std::string call_name(int number);

/// What the file is to the process; decides which rows of runtime/calls.h count.
enum class RewriteRole : std::uint8_t { linker, library, both };

/// Bytes of the original at `offset`, for restoring it. Applied in order, then the file is cut to
/// its original size.
struct Undo {
  std::uint64_t offset;  ///< in the file
  Bytes bytes;
};

/// One `syscall` instruction that was looked at and is of interest.
struct RewriteSite {
  enum class Kind : std::uint8_t {
    kept,         ///< the instruction stays; what stood before it moved, or its callers ask
    moved,        ///< the instruction itself moved into the thunk
    unpatchable,  ///< no window could be found
  };
  std::uint64_t address;  ///< virtual address of the `syscall`
  int number;             ///< call number, -1 when not known statically
  Kind kind;
  std::string why;  ///< of an unpatchable site: the rule that failed
};

/// When nothing needed rewriting, or nothing could be, `image` is the original, `undo` is empty
/// and `segment_offset` and `slot_address` are 0.
struct RewrittenFile {
  Bytes image = {};                  ///< the whole new file
  std::uint64_t original_size = 0;   ///< bytes
  std::uint64_t segment_offset = 0;  ///< file offset of the added PT_LOAD (page-aligned)
  std::uint64_t slot_address = 0;    ///< virtual address of the 8-byte handler slot: the start of
                                     ///< a page of its own, the last of the added segment
  std::vector<Undo> undo = {};
  std::vector<RewriteSite> sites = {};  ///< by address
};

/// Rewrites an ELF64 x86-64 file. Never throws for a site that cannot be rewritten (it is listed
/// as unpatchable, and the caller decides); throws Error for a file it cannot understand at all
/// (`rewrite NAME: reason`).
RewrittenFile rewrite(std::span<const std::uint8_t> elf, RewriteRole role, const std::string& name);

/// Whether every site of interest was rewritten: the file can start in place.
bool needed_sites_rewritten(const RewrittenFile& rewritten);

/// Disassembles the result again and proves that nothing but the intended windows, the program
/// headers and the added segment changed, that every window's code arrives, through its thunk, at
/// the same instructions as before, and that undo restores the original. Empty when it holds,
/// else one sentence a fault. This, not the rewriter, decides the mode.
std::vector<std::string> verify_rewrite(std::span<const std::uint8_t> original,
                                        const RewrittenFile& rewritten, RewriteRole role);

}  // namespace scratchpack
