// A checked look into an ELF64 x86-64 file, as the rewriter needs it: by address, and without
// trust. Every length and offset of the file is compared in 64 bits with what is really there.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scratchpack {

/// Addresses from `begin` up to, not including, `end`.
struct AddressRange {
  std::uint64_t begin;
  std::uint64_t end;
  bool contains(std::uint64_t address) const { return address >= begin && address < end; }
};

class ElfView {
 public:
  /// Throws Error (`rewrite NAME: reason`) for what is no loadable ELF64 x86-64 file.
  ElfView(std::span<const std::uint8_t> bytes, const std::string& name);

  std::span<const std::uint8_t> bytes() const { return bytes_; }
  const Elf64_Ehdr& header() const { return header_; }
  const std::vector<Elf64_Phdr>& segments() const { return segments_; }
  /// The first program header of a type, or null.
  const Elf64_Phdr* segment(std::uint32_t type) const;

  /// Where `length` bytes at a virtual address lie in the file; nothing when they are not all
  /// in one PT_LOAD's part of the file.
  std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t length) const;
  /// Those bytes, or an empty span.
  std::span<const std::uint8_t> at(std::uint64_t address, std::uint64_t length) const;
  /// A value of the file at a virtual address.
  template <typename T>
  std::optional<T> read(std::uint64_t address) const {
    auto found = at(address, sizeof(T));
    if (found.size() != sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, found.data(), sizeof value);
    return value;
  }

  /// Where instructions lie: executable sections when the file has section headers, else the
  /// executable PT_LOADs. Sorted, disjoint, each within one PT_LOAD's part of the file.
  std::vector<AddressRange> code() const;
  bool has_sections() const { return !sections_.empty(); }

  /// Addresses the file itself names as places code is entered at: dynamic symbols, the entry
  /// point, initialisers, pointers that relocations put into tables. Unsorted, may repeat.
  std::vector<std::uint64_t> named_addresses() const;
  /// Addresses of the words into which the dynamic linker puts the address of an imported symbol.
  std::vector<std::uint64_t> import_slots(std::string_view symbol) const;
  /// The dynamic symbol that is the function an address lies in; empty when there is none.
  std::string function_at(std::uint64_t address) const;
  /// From the first to the last function that is a dynamic symbol; empty when there is none.
  AddressRange functions_span() const;

 private:
  void read_segments(const std::string& name);
  void read_sections();
  std::optional<std::uint64_t> dynamic_value(std::int64_t tag) const;
  std::uint64_t symbol_count() const;
  std::vector<Elf64_Sym> defined_symbols() const;
  void add_import_slots(std::int64_t table, std::int64_t size, std::string_view symbol,
                        std::vector<std::uint64_t>& out) const;
  void add_relocated(std::vector<std::uint64_t>& out) const;
  void add_relative_words(std::vector<std::uint64_t>& out) const;

  std::span<const std::uint8_t> bytes_;
  Elf64_Ehdr header_;
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace scratchpack
