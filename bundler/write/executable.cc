#include "bundler/write/executable.h"

#include <elf.h>

#include <algorithm>

#include "runtime/format.h"

extern "C" const std::uint8_t scratchpack_bootloader_begin[];
extern "C" const std::uint8_t scratchpack_bootloader_end[];

namespace scratchpack {
namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

/// Where the bootloader's placeholder for the payload lies: its program header, its section header
/// and the file offset at which the payload begins.
struct Placeholder {
  std::uint64_t program_header;
  std::uint64_t section_header;
  std::uint64_t offset;
  std::uint64_t address;  ///< right behind the bootloader's other segments
};

Placeholder find_placeholder(std::span<const std::uint8_t> bootloader) {
  const auto* elf = reinterpret_cast<const Elf64_Ehdr*>(bootloader.data());
  const auto* programs = reinterpret_cast<const Elf64_Phdr*>(bootloader.data() + elf->e_phoff);
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bootloader.data() + elf->e_shoff);
  Placeholder found{};
  std::uint64_t end = 0;
  for (int i = 0; i < elf->e_phnum; ++i) {
    if (programs[i].p_type != PT_LOAD) continue;
    if (found.program_header != 0) {
      const auto* before =
          reinterpret_cast<const Elf64_Phdr*>(bootloader.data() + found.program_header);
      end = std::max<std::uint64_t>(end, before->p_vaddr + before->p_memsz);
    }
    found.program_header = elf->e_phoff + static_cast<std::uint64_t>(i) * sizeof(Elf64_Phdr);
    found.offset = programs[i].p_offset;
    for (int k = 0; k < elf->e_shnum; ++k) {
      if ((sections[k].sh_flags & SHF_ALLOC) != 0 &&
          sections[k].sh_offset == programs[i].p_offset &&
          sections[k].sh_addr == programs[i].p_vaddr) {
        found.section_header = elf->e_shoff + static_cast<std::uint64_t>(k) * sizeof(Elf64_Shdr);
      }
    }
  }
  found.address = round_up(end, 64 * 1024);
  return found;
}

/// The linker gives every position-independent executable a DT_DEBUG. A debugger takes it for the
/// list of libraries, finds it empty and stops there; without one it goes by the auxiliary vector,
/// which leads to the program's own.
void drop_debug_entry(Bytes& image) {
  const auto* elf = reinterpret_cast<const Elf64_Ehdr*>(image.data());
  const auto* programs = reinterpret_cast<const Elf64_Phdr*>(image.data() + elf->e_phoff);
  for (int i = 0; i < elf->e_phnum; ++i) {
    if (programs[i].p_type != PT_DYNAMIC) continue;
    auto* entry = reinterpret_cast<Elf64_Dyn*>(image.data() + programs[i].p_offset);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_DEBUG) *entry = {DT_FLAGS, {0}};
    }
  }
}

/// Writes `text` into the bootloader's only note, which is an empty object before zeros.
void fill_note(Bytes& image, std::string_view text) {
  const auto* elf = reinterpret_cast<const Elf64_Ehdr*>(image.data());
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(image.data() + elf->e_shoff);
  for (int i = 0; i < elf->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_NOTE) continue;
    const auto* note = reinterpret_cast<const Elf64_Nhdr*>(image.data() + sections[i].sh_offset);
    if (text.size() >= note->n_descsz) return;  // it ends with a zero
    const std::uint64_t at = sections[i].sh_offset + sizeof *note + round_up(note->n_namesz, 4);
    std::ranges::copy(text, image.begin() + static_cast<long>(at));
  }
}

std::span<const std::uint8_t> bootloader() {
  return {scratchpack_bootloader_begin, scratchpack_bootloader_end};
}

}  // namespace

std::uint64_t bootloader_size() { return find_placeholder(bootloader()).offset; }

Executable make_executable(std::uint64_t payload_size, std::string_view note) {
  Bytes image(bootloader().begin(), bootloader().end());
  drop_debug_entry(image);
  fill_note(image, note);
  const Placeholder place = find_placeholder(image);
  auto* elf = reinterpret_cast<Elf64_Ehdr*>(image.data());
  const std::uint64_t sections_end =
      elf->e_shoff + std::uint64_t{elf->e_shnum} * sizeof(Elf64_Shdr);
  const std::uint64_t end_from = place.offset + 1;  // the placeholder's byte is dropped
  // The shift is a multiple of 8, so that the headers stay aligned.
  const std::uint64_t end_at = round_up(place.offset + payload_size, 8) + 1;
  const std::uint64_t shift = end_at - end_from;
  auto* program = reinterpret_cast<Elf64_Phdr*>(image.data() + place.program_header);
  program->p_vaddr = program->p_paddr = place.address;
  program->p_filesz = program->p_memsz = payload_size;
  program->p_align = kPageSize;
  auto* sections = reinterpret_cast<Elf64_Shdr*>(image.data() + elf->e_shoff);
  for (int i = 0; i < elf->e_shnum; ++i) {
    if (sections[i].sh_offset > place.offset) sections[i].sh_offset += shift;
  }
  auto* section = reinterpret_cast<Elf64_Shdr*>(image.data() + place.section_header);
  section->sh_addr = place.address;
  section->sh_size = payload_size;
  section->sh_addralign = kPageSize;
  elf->e_shoff += shift;

  Executable executable;
  const auto offset = [&](std::uint64_t at) { return image.begin() + static_cast<long>(at); };
  executable.begin.assign(image.begin(), offset(place.offset));
  executable.end.assign(offset(end_from), offset(sections_end));
  executable.end_offset = end_at;
  return executable;
}

}  // namespace scratchpack
