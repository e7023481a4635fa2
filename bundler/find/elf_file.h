// What the walk needs to know of an ELF file: its kind, its interpreter and its dynamic section.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bundler/find/elf_identity.h"

namespace scratchpack {

/// What an ELF file is to somebody who wants to run it.
enum class ElfKind : std::uint8_t {
  dynamic_program,  ///< has an interpreter
  static_program,   ///< runs by itself, static-pie too
  shared_library,   ///< also those that answer when run, as libc.so.6 and ld.so do
  other,            ///< an object file, a core dump, separate debug information, another machine's
};

struct ElfFile : ElfIdentity {
  ElfKind kind = ElfKind::other;
  // Everything below is filled for x86-64 programs and libraries only (is_native()).
  bool has_dynamic = false;
  bool is_pie = false;      ///< DF_1_PIE
  bool no_default = false;  ///< DF_1_NODEFLIB: neither cache nor default directories
  std::optional<std::string> interpreter = std::nullopt;
  std::vector<std::string> needed = {};  ///< DT_NEEDED, in order
  /// DT_FILTER and DT_AUXILIARY; the linker goes on without an auxiliary one.
  std::vector<std::string> filters = {};
  std::vector<std::string> auxiliaries = {};
  std::optional<std::string> soname = std::nullopt;
  std::optional<std::string> rpath = std::nullopt;    ///< as written; nothing where runpath is
  std::optional<std::string> runpath = std::nullopt;  ///< as written
};

/// Reads an ELF file. Nothing for bytes that are not ELF (no magic). Throws Error
/// (`read NAME: damaged ELF file: …`) where a length or offset leads outside of the file, or the
/// dynamic section is larger than any linker's (900 libraries, 1 MiB of names).
std::optional<ElfFile> read_elf(std::span<const std::uint8_t> bytes, const std::string& name);

/// The same for a file of the build machine; only the pages that are needed are read.
std::optional<ElfFile> read_elf_file(const std::string& host_path, const std::string& name);

}  // namespace scratchpack
