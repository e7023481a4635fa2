// The bootloader that is embedded in the tool, and how a payload becomes a segment of it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bundler/base/file.h"

namespace scratchpack {

/// What goes before and behind a payload of a given size to make an executable of it.
struct Executable {
  Bytes begin;  ///< the bootloader's file up to where the payload begins, on a page boundary
  Bytes end;    ///< section names and headers, moved behind it
  std::uint64_t end_offset;  ///< in the output; bytes between the payload and it are 0
};

/// Bytes of the bootloader before the payload.
std::uint64_t bootloader_size();

/// Program and section header of the payload made to fit. `note` is a JSON object in the form of
/// systemd's package metadata for executable files, for .note.package; one that is longer than the
/// bootloader's place for it (496 bytes) is left out, as an empty one is.
Executable make_executable(std::uint64_t payload_size, std::string_view note);

}  // namespace scratchpack
