// System calls that a file makes by itself, past the C library: the rewriting does not reach them,
// so that a path in one is looked for in the container alone. Found when packing and told.
//
// The bytes of `syscall`, 0f 05, are searched first; most of those found are pieces of other
// instructions. Each function with such bytes is then decoded from its beginning, which the unwind
// table names. What no function covers (hand-written code, other compilers' output, tables between
// functions) is decoded from a little before, and counts only where what follows treats a result
// as one of the kernel.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/content/rewrite.h"

namespace scratchpack {

struct RawCalls {
  std::set<int> path_calls = {};  ///< numbers of calls that carry a path
  bool io_uring = false;          ///< rings are set up, by itself or through the C library
  bool any = false;               ///< calls whose number is known only at run time
  bool operator==(const RawCalls&) const = default;
};

/// What an ELF64 x86-64 file does by itself; nothing of any other file.
RawCalls find_raw_calls(std::span<const std::uint8_t> file);

/// One sentence for each file and kind of call. `rewritten` files do ask the bundle.
std::vector<std::string> raw_call_warnings(const FileSet& files,
                                           const std::map<std::string, RewrittenFile>& rewritten);

}  // namespace scratchpack
