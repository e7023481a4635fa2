#include "bundler/find/elf_scan.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "bundler/base/file.h"

namespace scratchpack {
namespace {

/// A structure at `offset`, if all of it lies inside the file.
template <typename Value>
std::optional<Value> value_at(std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Value)) return std::nullopt;
  Value value;
  std::memcpy(&value, bytes.data() + offset, sizeof(Value));
  return value;
}

/// `size` bytes at `offset`; empty when they do not all lie inside.
std::span<const std::uint8_t> part(std::span<const std::uint8_t> bytes, std::uint64_t offset,
                                   std::uint64_t size) {
  if (offset > bytes.size() || bytes.size() - offset < size) return {};
  return bytes.subspan(offset, size);
}

/// The string at `offset` of a string table; empty when it does not end inside.
std::string_view string_at(std::span<const std::uint8_t> table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  const char* begin = reinterpret_cast<const char*>(table.data() + offset);
  const void* end = std::memchr(begin, 0, table.size() - offset);
  return end ? std::string_view(begin, static_cast<const char*>(end)) : std::string_view();
}

bool readable_header(const std::optional<Elf64_Ehdr>& header) {
  return header && std::memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
         header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;
}

/// Which symbols are asked for.
enum class SymbolSide : std::uint8_t { imported, exported };

void add_names(std::span<const std::uint8_t> symbols, std::span<const std::uint8_t> strings,
               SymbolSide side, std::vector<std::string_view>& names) {
  for (std::size_t offset = 0; offset + sizeof(Elf64_Sym) <= symbols.size();
       offset += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol = *value_at<Elf64_Sym>(symbols, offset);
    if ((symbol.st_shndx == SHN_UNDEF) != (side == SymbolSide::imported)) continue;
    std::string_view name = string_at(strings, symbol.st_name);
    if (!name.empty()) names.push_back(name);
  }
}

/// By the section headers, which say how long the table is. False when there are none.
bool names_by_sections(std::span<const std::uint8_t> elf, const Elf64_Ehdr& header, SymbolSide side,
                       std::vector<std::string_view>& names) {
  for (unsigned index = 0; index < header.e_shnum; ++index) {
    auto section = value_at<Elf64_Shdr>(elf, header.e_shoff + index * sizeof(Elf64_Shdr));
    if (!section || section->sh_type != SHT_DYNSYM) continue;
    auto strings =
        value_at<Elf64_Shdr>(elf, header.e_shoff + section->sh_link * sizeof(Elf64_Shdr));
    if (!strings) return false;
    add_names(part(elf, section->sh_offset, section->sh_size),
              part(elf, strings->sh_offset, strings->sh_size), side, names);
    return true;
  }
  return false;
}

/// The file offset of a virtual address.
std::optional<std::uint64_t> offset_of(std::span<const std::uint8_t> elf, const Elf64_Ehdr& header,
                                       std::uint64_t address) {
  for (unsigned index = 0; index < header.e_phnum; ++index) {
    auto load = value_at<Elf64_Phdr>(elf, header.e_phoff + index * sizeof(Elf64_Phdr));
    if (!load || load->p_type != PT_LOAD) continue;
    if (address >= load->p_vaddr && address - load->p_vaddr < load->p_filesz) {
      return load->p_offset + (address - load->p_vaddr);
    }
  }
  return std::nullopt;
}

/// Of a file without section headers: by the dynamic section, which does not say how many symbols
/// there are. Linkers put the strings right behind the symbols; where they do not, nothing is seen.
void names_by_segments(std::span<const std::uint8_t> elf, const Elf64_Ehdr& header, SymbolSide side,
                       std::vector<std::string_view>& names) {
  std::optional<std::uint64_t> symbols, strings;
  std::uint64_t size = 0;
  for (unsigned index = 0; index < header.e_phnum; ++index) {
    auto segment = value_at<Elf64_Phdr>(elf, header.e_phoff + index * sizeof(Elf64_Phdr));
    if (!segment || segment->p_type != PT_DYNAMIC) continue;
    std::span<const std::uint8_t> dynamic = part(elf, segment->p_offset, segment->p_filesz);
    for (std::size_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.size(); at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry = *value_at<Elf64_Dyn>(dynamic, at);
      if (entry.d_tag == DT_SYMTAB) symbols = offset_of(elf, header, entry.d_un.d_ptr);
      if (entry.d_tag == DT_STRTAB) strings = offset_of(elf, header, entry.d_un.d_ptr);
      if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
    }
  }
  if (!symbols || !strings || *strings < *symbols) return;
  add_names(part(elf, *symbols, *strings - *symbols), part(elf, *strings, size), side, names);
}

std::vector<std::string_view> dynamic_symbols(std::span<const std::uint8_t> elf, SymbolSide side) {
  std::vector<std::string_view> names;
  auto header = value_at<Elf64_Ehdr>(elf, 0);
  if (!readable_header(header)) return names;
  if (!names_by_sections(elf, *header, side, names)) {
    names_by_segments(elf, *header, side, names);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Whether strip(1) takes a section out of a program or library.
bool is_strippable(std::string_view name) {
  return name.starts_with(".debug_") || name.starts_with(".zdebug_") || name == ".symtab" ||
         name == ".strtab" || name == ".gnu_debugdata";
}

}  // namespace

bool begins_as_elf(const std::string& host_path) {
  Descriptor file(::open(host_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char magic[SELFMAG];
  return file.valid() && ::pread(file.get(), magic, SELFMAG, 0) == SELFMAG &&
         std::memcmp(magic, ELFMAG, SELFMAG) == 0;
}

std::vector<std::string_view> imported_symbols(std::span<const std::uint8_t> elf) {
  return dynamic_symbols(elf, SymbolSide::imported);
}

std::vector<std::string_view> exported_symbols(std::span<const std::uint8_t> elf) {
  return dynamic_symbols(elf, SymbolSide::exported);
}

std::uint64_t strippable_bytes(std::span<const std::uint8_t> elf) {
  auto header = value_at<Elf64_Ehdr>(elf, 0);
  if (!readable_header(header)) return 0;
  // An object file is nothing without its symbols.
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN) return 0;
  auto names = value_at<Elf64_Shdr>(
      elf, header->e_shoff + std::uint64_t{header->e_shstrndx} * sizeof(Elf64_Shdr));
  if (!names) return 0;
  std::uint64_t sum = 0;
  for (unsigned index = 0; index < header->e_shnum; ++index) {
    auto section = value_at<Elf64_Shdr>(elf, header->e_shoff + index * sizeof(Elf64_Shdr));
    if (!section || section->sh_type == SHT_NOBITS || (section->sh_flags & SHF_ALLOC) != 0)
      continue;
    std::span<const std::uint8_t> table = part(elf, names->sh_offset, names->sh_size);
    if (!is_strippable(string_at(table, section->sh_name))) continue;
    sum += part(elf, section->sh_offset, section->sh_size).size();
  }
  return sum;
}

std::vector<ElfNote> elf_notes(std::span<const std::uint8_t> elf) {
  std::vector<ElfNote> found;
  auto header = value_at<Elf64_Ehdr>(elf, 0);
  if (!readable_header(header)) return found;
  for (unsigned index = 0; index < header->e_phnum; ++index) {
    auto segment = value_at<Elf64_Phdr>(elf, header->e_phoff + index * sizeof(Elf64_Phdr));
    if (!segment || segment->p_type != PT_NOTE) continue;
    std::uint64_t alignment = segment->p_align == 8 ? 8 : 4;
    auto aligned = [alignment](std::uint64_t size) {
      return (size + alignment - 1) / alignment * alignment;
    };
    std::span<const std::uint8_t> notes = part(elf, segment->p_offset, segment->p_filesz);
    for (std::uint64_t at = 0;;) {
      auto note = value_at<Elf64_Nhdr>(notes, at);
      if (!note) break;
      std::span<const std::uint8_t> owner = part(notes, at + sizeof(Elf64_Nhdr), note->n_namesz);
      // 32-bit sizes: the sums cannot overflow 64 bits.
      std::uint64_t content = at + aligned(sizeof(Elf64_Nhdr) + std::uint64_t{note->n_namesz});
      std::span<const std::uint8_t> bytes = part(notes, content, note->n_descsz);
      found.push_back({string_at(owner, 0),
                       note->n_type,
                       {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
      at = content + aligned(note->n_descsz);
    }
  }
  return found;
}

std::vector<std::string_view> note_owners(std::span<const std::uint8_t> elf) {
  std::vector<std::string_view> owners;
  for (const ElfNote& note : elf_notes(elf)) {
    if (!note.owner.empty()) owners.push_back(note.owner);
  }
  return owners;
}

std::size_t find_text(std::span<const std::uint8_t> bytes, std::string_view text,
                      std::size_t from) {
  if (from >= bytes.size()) return bytes.size();
  const void* found = ::memmem(bytes.data() + from, bytes.size() - from, text.data(), text.size());
  return found ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data())
               : bytes.size();
}

}  // namespace scratchpack
