// Maps an ELF program or linker the way the kernel does, out of a file that holds it at an offset.
#pragma once

#include <stdint.h>

#include "bootloader/elf.h"

namespace scratchpack {

struct MappedElf {
  uint64_t base = 0;     ///< added to every virtual address
  uint64_t entry = 0;    ///< address of the entry point
  uint64_t headers = 0;  ///< address of the program headers in memory, 0 when no segment has them
  uint16_t header_count = 0;
  bool executable_stack = false;
};

/// Maps the ELF file of `size` bytes at `offset` in `file`. 0, or -errno: -EEXIST when the fixed
/// addresses of an ET_EXEC program are taken, -EACCES when the mapping may not be executable,
/// -ENOEXEC when it is no ELF file that can be mapped.
long map_elf(long file, uint64_t offset, uint64_t size, MappedElf& mapped);

}  // namespace scratchpack
