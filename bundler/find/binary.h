// An ELF file about to be walked, wherever it lies now and wherever it will lie in the bundle.
#pragma once

#include <string>

#include "bundler/find/elf_file.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

struct Binary {
  std::string path;           ///< in messages and reasons; for a file of the sysroot its path there
  std::string origin;         ///< $ORIGIN where it lies now
  std::string placed_origin;  ///< $ORIGIN in the bundle
  ElfFile elf;
};

/// A file of the sysroot. A program's $ORIGIN is where its links lead to, as /proc/self/exe says; a
/// library's is the directory it was opened in.
Binary sysroot_binary(const Sysroot& sysroot, const std::string& path, ElfFile elf);

/// The closure of a dynamic program or shared library. Throws as resolve() does.
Closure resolve_binary(const Sysroot& sysroot, const Binary& binary, const ResolveOptions& options);

/// Why a path leads nowhere, to be read behind it: "does not exist", "is a link that leads
/// nowhere", "cannot be reached, as /a does not exist".
std::string why_missing(const Sysroot& sysroot, const std::string& path);

/// Throws Error (`build PATH: …`) unless the file can be walked or run: for another architecture
/// and for what is neither program nor library.
void check_native(const ElfFile& elf, const std::string& path);

}  // namespace scratchpack
