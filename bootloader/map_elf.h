// Maps an ELF program or linker the way the kernel does, out of a file that holds it at an offset.
#pragma once

#include <stdint.h>

#include "runtime/elf.h"
#include "runtime/memory_image.h"

namespace scratchpack {

struct MappedElf {
  uint64_t base = 0;     ///< added to every virtual address
  uint64_t entry = 0;    ///< address of the entry point
  uint64_t headers = 0;  ///< address of the program headers in memory, 0 when no segment has them
  uint16_t header_count = 0;
  bool executable_stack = false;
  bool has_appendix = false;  ///< bytes behind all that its headers describe
};

/// Where an ELF file is mapped from: `size` bytes at `offset` in `file`, or decoded in memory.
struct ElfSource {
  long file = -1;
  uint64_t offset = 0;
  uint64_t size = 0;
  MemoryImage memory = {};
};

/// Maps it; what is in memory is moved and gone afterwards. 0, or -errno: -EEXIST when the fixed
/// addresses of an ET_EXEC program are taken, -EACCES when the mapping may not be executable,
/// -ENOEXEC when it is no ELF file that can be mapped.
long map_elf(ElfSource& source, MappedElf& mapped);

}  // namespace scratchpack
