// The checked part of an ELF file: the first and last code that touches its bytes as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bundler/base/file.h"

namespace scratchpack {

/// A well-formed ELF file of a few hundred bytes that holds what the walk asks of a 64-bit
/// little-endian file, and nothing else: program headers, the interpreter's name, those entries of
/// the dynamic section that name files (and DT_FLAGS_1), and their strings.
struct ElfImage {
  Bytes bytes = {};
  std::size_t entries = 0;   ///< of the dynamic section, without those of the image itself
  std::string strings = {};  ///< the string table: values of names are offsets into it
  bool has_interpreter = false;
  bool has_dynamic = false;
  /// Separate debug information: headers of a program or library, whose contents are elsewhere.
  bool is_debug = false;
};

/// Checks every header, length and offset it follows, in 64 bits. Throws Error
/// (`read NAME: damaged ELF file: …`).
ElfImage cut_elf_image(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace scratchpack
