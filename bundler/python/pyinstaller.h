// Programs that PyInstaller made: a launcher with an archive in it. Of a one-folder program the
// rest lies beside it, in _internal (before version 6 in the program's own folder); a one-file
// program carries it and unpacks it into a temporary folder.
//
// The archive ends in a cookie, all numbers big endian: "MEI\014\013\012\013\016", length of the
// archive, offset and length of its table, Python's version, 64 bytes of a library's name. An entry
// of the table: its own length, position, stored and real length, a flag, its type, its name
// (PyInstaller/archive/writers.py).
#pragma once

#include <cstdint>
#include <span>

#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

enum class PyInstallerKind : std::uint8_t { none, one_folder, one_file };

/// What a program is by the archive in it; a damaged archive is none.
PyInstallerKind pyinstaller_kind(std::span<const std::uint8_t> program);

/// Adds the folder of a one-folder program, when the plan's application is one. Throws Error for a
/// one-file program, which needs a place to unpack itself that an empty container does not have.
void plan_pyinstaller(Plan& plan, const Sysroot& sysroot, const ResolveOptions& resolve);

}  // namespace scratchpack
