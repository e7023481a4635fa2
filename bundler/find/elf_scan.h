// What recipes and reports ask of an ELF file beyond its dynamic section: a quick look at its
// bytes.
//
// These looks only decide whether a recipe applies, and what a report says. A damaged file gives
// them less to see, never an error: the walk has refused what the linker would refuse.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scratchpack {

/// Whether a file of the build machine begins as an ELF file does; false when it cannot be read.
/// Most files of a bundle are data: this is cheaper than mapping them.
bool begins_as_elf(const std::string& host_path);

/// Names of the symbols that a 64-bit little-endian file imports, sorted. They point into `elf`.
std::vector<std::string_view> imported_symbols(std::span<const std::uint8_t> elf);
/// Names that it defines for other files, sorted; the data that a program copies out of a library
/// is among a program's. They point into `elf`.
std::vector<std::string_view> exported_symbols(std::span<const std::uint8_t> elf);

/// Bytes of the sections of a program or library that nothing reads while it runs: .debug_*,
/// .symtab with its names, .gnu_debugdata. 0 for object files.
std::uint64_t strippable_bytes(std::span<const std::uint8_t> elf);

/// A note of an ELF file; the views point into the file. `content` is empty where the note says
/// that it ends outside of it.
struct ElfNote {
  std::string_view owner;
  std::uint32_t type = 0;
  std::string_view content;
};
std::vector<ElfNote> elf_notes(std::span<const std::uint8_t> elf);

/// Owners of its notes ("GNU", "Go", "FDO"), in file order. They point into `elf`.
std::vector<std::string_view> note_owners(std::span<const std::uint8_t> elf);

/// Where `text` first stands at or behind `from`; bytes.size() when nowhere.
std::size_t find_text(std::span<const std::uint8_t> bytes, std::string_view text,
                      std::size_t from = 0);

}  // namespace scratchpack
