// The code that every thunk of a rewritten file calls. It decides by itself what it can (see
// runtime/gate.h), and asks the bootloader's handler about the rest.
//
// Only rcx, r11 and the status flags are free when it is called; what else it uses it saves. Where
// it stands, signals may arrive, and what they throw must find its way: each instruction has its
// unwind row. Nothing that the handler's own frames would have to unwind runs with signals open.
#pragma once

#include <cstdint>

#include "bundler/base/file.h"
#include "bundler/content/rewrite_sites.h"
#include "bundler/content/rewrite_unwind.h"

namespace scratchpack {

/// The entry code for these calls, to lie at `address` (a multiple of 64), with the handler's slot
/// (struct Slot of runtime/gate.h) at `slot`. Its size does not depend on the arguments.
Bytes entry_code(const CallSet& calls, std::uint64_t address, std::uint64_t slot);
/// The unwind rows of the entry code.
UnwindWriter::Steps entry_rows();
/// Bytes of the entry that are instructions, from its start (tables follow).
std::uint64_t entry_code_length();

}  // namespace scratchpack
