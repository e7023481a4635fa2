#include "bundler/find/elf_identity.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>

#include "bundler/base/error.h"

namespace scratchpack {

void damaged_elf(const std::string& name, const std::string& reason) {
  throw Error(fmt::format("read {}: damaged ELF file: {} (replace the file)", name, reason));
}

bool ElfIdentity::is_native() const { return bits == 64 && !big_endian && machine == EM_X86_64; }

std::string ElfIdentity::architecture() const {
  constexpr std::uint16_t kLoongArch = 258;  // newer than Debian 12's <elf.h>
  switch (machine) {
    case EM_X86_64:
      return bits == 64 ? "x86-64" : "x32";
    case EM_386:
      return "32-bit x86";
    case EM_AARCH64:
      return "AArch64";
    case EM_ARM:
      return "32-bit Arm";
    case EM_RISCV:
      return fmt::format("{}-bit RISC-V", bits);
    case EM_PPC64:
      return "64-bit PowerPC";
    case EM_PPC:
      return "32-bit PowerPC";
    case EM_S390:
      return "IBM Z";
    case EM_MIPS:
      return "MIPS";
    case EM_SPARC:
    case EM_SPARCV9:
      return "SPARC";
    case kLoongArch:
      return "LoongArch";
    default:
      return fmt::format("ELF machine {}", machine);
  }
}

bool has_elf_magic(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

ElfIdentity elf_identity(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.size() < 20) damaged_elf(name, "shorter than its header");
  if (bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64) {
    damaged_elf(name, "neither 32 nor 64 bits");
  }
  ElfIdentity identity;
  identity.bits = bytes[EI_CLASS] == ELFCLASS32 ? 32 : 64;
  identity.big_endian = bytes[EI_DATA] == ELFDATA2MSB;
  std::memcpy(&identity.type, bytes.data() + 16, sizeof identity.type);
  std::memcpy(&identity.machine, bytes.data() + 18, sizeof identity.machine);
  if (identity.big_endian) {
    identity.type = __builtin_bswap16(identity.type);
    identity.machine = __builtin_bswap16(identity.machine);
  }
  return identity;
}

}  // namespace scratchpack
