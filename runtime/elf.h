// The few ELF structures that are read at run time.
#pragma once

#include <stdint.h>

namespace scratchpack {

struct ElfHeader {
  unsigned char ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, phoff, shoff;
  uint32_t flags;
  uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(ElfHeader) == 64);

struct ProgramHeader {
  uint32_t type, flags;
  uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
static_assert(sizeof(ProgramHeader) == 56);

enum : uint32_t { kPtLoad = 1, kPtInterp = 3, kPtPhdr = 6, kPtGnuStack = 0x6474e551 };
enum : uint16_t { kEtExec = 2, kEtDyn = 3 };
enum : uint32_t { kPfExec = 1, kPfWrite = 2, kPfRead = 4 };

/// Keys of the auxiliary vector.
enum : uint64_t {
  kAtNull = 0,
  kAtPhdr = 3,
  kAtPhent = 4,
  kAtPhnum = 5,
  kAtBase = 7,
  kAtEntry = 9,
  kAtSecure = 23,
  kAtExecfn = 31,
};

}  // namespace scratchpack
