// What an ELF file is for, from its first 20 bytes: the same for every class and byte order.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace scratchpack {

/// Throws the Error for a file that contradicts itself: `read NAME: damaged ELF file: REASON`.
[[noreturn]] void damaged_elf(const std::string& name, const std::string& reason);

struct ElfIdentity {
  std::uint8_t bits = 64;  ///< 32 or 64
  bool big_endian = false;
  std::uint16_t type = 0;     ///< ET_*
  std::uint16_t machine = 0;  ///< EM_*

  /// 64-bit little-endian x86-64: what this tool bundles and its linkers load.
  bool is_native() const;
  /// For another machine; a file for no machine at all is data in ELF's clothes (Guile's compiled
  /// modules).
  bool is_foreign() const { return !is_native() && machine != 0; }
  /// "AArch64", "32-bit x86", for messages.
  std::string architecture() const;
};

/// True where the bytes begin as an ELF file does.
bool has_elf_magic(std::span<const std::uint8_t> bytes);

/// Of bytes with the magic. Throws as damaged_elf does.
ElfIdentity elf_identity(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace scratchpack
