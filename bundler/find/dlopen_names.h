// The libraries that an ELF file loads by itself while it runs, as far as the file says so.
//
// It may say so on purpose, in notes (https://systemd.io/ELF_DLOPEN_METADATA): type 0x407c0c0a,
// owner FDO, the content JSON. The standard's is an array of objects whose `soname` is a list, the
// best first; the older one a single object whose `soname` is a string. Both are read.
//
// And it may say so without meaning to: the name that it hands to dlopen is a string in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace scratchpack {

enum class DlopenPriority : std::uint8_t { required, recommended, suggested };

/// One feature, for which the first library of the list that is there will do.
struct DlopenNote {
  std::vector<std::string> sonames;  ///< never empty
  std::string feature = {};          ///< a word, where it is given
  DlopenPriority priority = DlopenPriority::recommended;
};

/// The notes of a file, in order. What is malformed is left out and put into `faults`, a reason
/// each.
std::vector<DlopenNote> dlopen_notes(std::span<const std::uint8_t> elf,
                                     std::vector<std::string>& faults);

/// Whether the file calls dlopen, or what calls it by another name.
bool calls_dlopen(std::span<const std::uint8_t> elf);

/// The strings of the file that are names of shared libraries ("libfoo.so.1"), sorted; without a
/// path and without those that tell the compiler's linker ("libfoo.so") where the other is there,
/// too. They include what it is linked with and itself.
std::vector<std::string> library_names(std::span<const std::uint8_t> elf);

}  // namespace scratchpack
