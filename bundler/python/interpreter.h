// An interpreter of the build machine, asked by a program of ours.
#pragma once

#include <string>
#include <string_view>

#include "bundler/base/file.h"

namespace scratchpack {

/// Runs `program` (`-c`) with the interpreter at `path`: `input` on its standard input, the
/// environment as it is. What it prints is dropped; returned is what it wrote to descriptor 3.
/// Its hashes are not random, and it writes no byte code beside sources. Throws Error, with the
/// last line of what it complained of, where it cannot be run or fails.
Bytes ask_interpreter(const std::string& path, std::string_view program, std::string_view input);

}  // namespace scratchpack
