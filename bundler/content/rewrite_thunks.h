// The code that leads from a site to the entry (rewrite_entry.h) and back: one thunk a site.
//
//   window:  jmp thunk; nops            thunk:  what was displaced
//            [syscall]                          lea -128(%rsp),%rsp      step over the red zone
//   behind:  ...                                call entry
//                                               lea 128(%rsp),%rsp
//                                               jrcxz declined
//                                               jmp behind               handled: rax is the result
//                                     declined: jmp syscall              where it always was
//
// Of a moved site the thunk holds the `syscall` itself, and what was displaced from behind it:
//
//                                               jrcxz declined
//                                               jmp over
//                                     declined: syscall
//                                     over:     the rest; jmp behind
//
// A call that is declined is never made from the entry's frame: clone and vfork return on a stack
// that is not theirs there, and cancellation looks at the program counter.
// Only rcx and r11 are free at a `syscall` (it overwrites them itself); status flags are too,
// where the window rules found that nothing reads them afterwards.
#pragma once

#include <cstdint>
#include <span>

#include "bundler/base/file.h"
#include "bundler/content/rewrite_sites.h"
#include "bundler/content/rewrite_unwind.h"

namespace scratchpack {

struct Thunk {
  Bytes bytes;
  UnwindWriter::Steps rows;  ///< empty when the site has no row that can be written
};

/// The thunk of one window, to lie at `address`.
Thunk make_thunk(const Disassembly& code, const Window& window, std::uint64_t address,
                 std::uint64_t entry);

/// Bytes to be written over the original ones at an address.
struct Patch {
  std::uint64_t address;
  Bytes bytes;
};

/// What leads to the thunk: `jmp thunk` and nops over the window, or the calls of a bridge.
std::vector<Patch> make_patches(const Disassembly& code, const Window& window, std::uint64_t thunk);

/// Appends a 4-byte distance that is counted from its own end, which lies at `end`. Throws Error
/// when the target is further than 2 GiB away.
void put_relative(Bytes& out, std::uint64_t end, std::uint64_t target);

}  // namespace scratchpack
