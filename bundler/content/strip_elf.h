// An ELF file without its symbols and debug information.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"

namespace scratchpack {

struct StrippedElf {
  std::vector<Piece> pieces = {};  ///< of the new file; none: it stays as it is
  std::uint64_t size = 0;          ///< bytes of the new file
  std::uint64_t removed = 0;       ///< bytes that held what was taken away
  std::string why = {};            ///< it stays as it is although there is something to take away
};

/// Takes .symtab and what is there for debuggers alone (DWARF, .gnu_debugdata, .comment and the
/// like) from a program or library for x86-64 or arm64. Everything that is mapped when it runs
/// stays where it is, program headers and dynamic section included; of the ELF header only the
/// place of the section headers changes. Section headers of what stays are kept, and sections that
/// are loaded keep their numbers, which dynamic symbols name.
///
/// What has neither a symbol table nor debug information stays as it came from its package, byte by
/// byte. So does, with `why`: a file with data that no header describes (what programs append to
/// themselves), one with a section that its own program must know, one that checks itself, and
/// separate debug information. What is no such ELF file, or a damaged one, stays without a word.
StrippedElf strip_elf(std::span<const std::uint8_t> file);

}  // namespace scratchpack
