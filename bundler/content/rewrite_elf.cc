#include "bundler/content/rewrite_elf.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "bundler/base/error.h"

namespace scratchpack {

namespace {

/// Whether [offset, offset + length) lies within `size` bytes.
bool fits(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return offset <= size && length <= size - offset;
}

template <typename T>
T copy_at(std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Addresses above this leave no room for sums and for the segment that is added.
constexpr std::uint64_t kAddressLimit = std::uint64_t{1} << 47;
constexpr std::uint64_t kSegmentLimit = 128;
constexpr std::uint64_t kAlignmentLimit = std::uint64_t{1} << 30;

// DT_RELR came with glibc 2.36; older <elf.h> do not name it.
constexpr std::int64_t kRelrSize = 35;
constexpr std::int64_t kRelr = 36;

}  // namespace

ElfView::ElfView(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes) {
  auto refuse = [&name](const char* reason) { throw Error("rewrite " + name + ": " + reason); };
  if (bytes.size() < sizeof header_) refuse("too short for an ELF file");
  header_ = copy_at<Elf64_Ehdr>(bytes, 0);
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) refuse("not an ELF file");
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB ||
      header_.e_machine != EM_X86_64) {
    refuse("not an ELF64 x86-64 file");
  }
  if (header_.e_type != ET_DYN && header_.e_type != ET_EXEC) refuse("not a program or library");
  read_segments(name);
  read_sections();
}

void ElfView::read_segments(const std::string& name) {
  auto refuse = [&name](const char* reason) { throw Error("rewrite " + name + ": " + reason); };
  if (header_.e_phentsize != sizeof(Elf64_Phdr)) refuse("program headers of an unknown size");
  if (header_.e_phnum > kSegmentLimit) refuse("more program headers than any linker writes");
  if (!fits(header_.e_phoff, std::uint64_t{header_.e_phnum} * sizeof(Elf64_Phdr), bytes_.size())) {
    refuse("program headers lie outside the file");
  }
  std::uint64_t previous_end = 0;
  bool any_load = false;
  for (std::uint64_t i = 0; i < header_.e_phnum; i++) {
    auto segment = copy_at<Elf64_Phdr>(bytes_, header_.e_phoff + i * sizeof(Elf64_Phdr));
    segments_.push_back(segment);
    if (segment.p_type != PT_LOAD) continue;
    if (!fits(segment.p_offset, segment.p_filesz, bytes_.size())) {
      refuse("a segment lies outside the file");
    }
    if (segment.p_memsz < segment.p_filesz) refuse("a segment is larger in the file than loaded");
    if (!fits(segment.p_vaddr, segment.p_memsz, kAddressLimit)) {
      refuse("a segment lies outside the address space");
    }
    if (any_load && segment.p_vaddr < previous_end) refuse("segments overlap or are out of order");
    if (segment.p_align > kAlignmentLimit ||
        (segment.p_align != 0 && !std::has_single_bit(segment.p_align))) {
      refuse("a segment asks for an impossible alignment");
    }
    previous_end = segment.p_vaddr + segment.p_memsz;
    any_load = true;
  }
  if (!any_load) refuse("no loadable segment");
}

// Section headers are a convenience: what is wrong with them counts as having none.
void ElfView::read_sections() {
  if (header_.e_shnum == 0 || header_.e_shentsize != sizeof(Elf64_Shdr)) return;
  if (!fits(header_.e_shoff, std::uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr), bytes_.size())) {
    return;
  }
  for (std::uint64_t i = 0; i < header_.e_shnum; i++) {
    sections_.push_back(copy_at<Elf64_Shdr>(bytes_, header_.e_shoff + i * sizeof(Elf64_Shdr)));
  }
}

const Elf64_Phdr* ElfView::segment(std::uint32_t type) const {
  for (const auto& segment : segments_) {
    if (segment.p_type == type) return &segment;
  }
  return nullptr;
}

std::optional<std::uint64_t> ElfView::offset_of(std::uint64_t address, std::uint64_t length) const {
  for (const auto& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    std::uint64_t inside = address - segment.p_vaddr;
    if (fits(inside, length, segment.p_filesz)) return segment.p_offset + inside;
  }
  return std::nullopt;
}

std::span<const std::uint8_t> ElfView::at(std::uint64_t address, std::uint64_t length) const {
  auto offset = offset_of(address, length);
  if (!offset) return {};
  return bytes_.subspan(*offset, length);
}

std::vector<AddressRange> ElfView::code() const {
  std::vector<AddressRange> loads;
  for (const auto& segment : segments_) {
    if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X) || segment.p_filesz == 0) continue;
    loads.push_back({segment.p_vaddr, segment.p_vaddr + segment.p_filesz});
  }
  std::vector<AddressRange> ranges;
  for (const auto& section : sections_) {
    if (section.sh_type != SHT_PROGBITS || !(section.sh_flags & SHF_EXECINSTR)) continue;
    for (const auto& load : loads) {
      if (load.contains(section.sh_addr) && section.sh_size <= load.end - section.sh_addr &&
          section.sh_size != 0) {
        ranges.push_back({section.sh_addr, section.sh_addr + section.sh_size});
      }
    }
  }
  if (ranges.empty()) ranges = loads;
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < ranges.size(); i++) {
    ranges[i].begin = std::max(ranges[i].begin, ranges[i - 1].end);
    ranges[i].end = std::max(ranges[i].end, ranges[i].begin);
  }
  std::erase_if(ranges, [](const auto& range) { return range.begin == range.end; });
  return ranges;
}

std::optional<std::uint64_t> ElfView::dynamic_value(std::int64_t tag) const {
  const auto* dynamic = segment(PT_DYNAMIC);
  if (dynamic == nullptr) return std::nullopt;
  auto table = at(dynamic->p_vaddr, dynamic->p_filesz);
  for (std::uint64_t i = 0; i + sizeof(Elf64_Dyn) <= table.size(); i += sizeof(Elf64_Dyn)) {
    auto entry = copy_at<Elf64_Dyn>(table, i);
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == tag) return entry.d_un.d_val;
  }
  return std::nullopt;
}

// The dynamic section does not say how many symbols there are; the hash tables do.
std::uint64_t ElfView::symbol_count() const {
  if (auto hash = dynamic_value(DT_HASH)) {
    if (auto count = read<std::uint32_t>(*hash + 4)) return *count;
  }
  auto hash = dynamic_value(DT_GNU_HASH);
  if (!hash) return 0;
  auto buckets = read<std::uint32_t>(*hash);
  auto first = read<std::uint32_t>(*hash + 4);
  auto bloom_words = read<std::uint32_t>(*hash + 8);
  if (!buckets || !first || !bloom_words) return 0;
  std::uint64_t bucket_table = *hash + 16 + std::uint64_t{*bloom_words} * 8;
  std::uint64_t highest = 0;
  for (std::uint64_t i = 0; i < *buckets; i++) {
    auto symbol = read<std::uint32_t>(bucket_table + i * 4);
    if (!symbol) return 0;
    highest = std::max<std::uint64_t>(highest, *symbol);
  }
  if (highest < *first) return *first;
  std::uint64_t chains = bucket_table + std::uint64_t{*buckets} * 4;
  for (;; highest++) {  // each step reads a further word of the file: it ends with the file
    auto chain = read<std::uint32_t>(chains + (highest - *first) * 4);
    if (!chain) return 0;
    if (*chain & 1) return highest + 1;
  }
}

void ElfView::add_relocated(std::vector<std::uint64_t>& out) const {
  auto table = dynamic_value(DT_RELA);
  auto size = dynamic_value(DT_RELASZ);
  if (!table || !size) return;
  auto entries = at(*table, *size);
  for (std::uint64_t i = 0; i + sizeof(Elf64_Rela) <= entries.size(); i += sizeof(Elf64_Rela)) {
    auto entry = copy_at<Elf64_Rela>(entries, i);
    auto type = ELF64_R_TYPE(entry.r_info);
    if (type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE) {
      out.push_back(static_cast<std::uint64_t>(entry.r_addend));
    }
  }
}

// DT_RELR: an even word is the address of one pointer, an odd one a bitmap of the next 63.
void ElfView::add_relative_words(std::vector<std::uint64_t>& out) const {
  auto table = dynamic_value(kRelr);
  auto size = dynamic_value(kRelrSize);
  if (!table || !size) return;
  auto words = at(*table, *size);
  std::uint64_t next = 0;
  auto add = [&](std::uint64_t address) {
    if (auto pointer = read<std::uint64_t>(address)) out.push_back(*pointer);
  };
  for (std::uint64_t i = 0; i + 8 <= words.size(); i += 8) {
    auto word = copy_at<std::uint64_t>(words, i);
    if ((word & 1) == 0) {
      add(word);
      next = word + 8;
      continue;
    }
    for (int bit = 1; bit < 64; bit++) {
      if (word >> bit & 1) add(next + static_cast<std::uint64_t>(bit - 1) * 8);
    }
    next += 63 * 8;
  }
}

std::vector<Elf64_Sym> ElfView::defined_symbols() const {
  std::vector<Elf64_Sym> out;
  auto table = dynamic_value(DT_SYMTAB);
  if (!table) return out;
  std::uint64_t count = symbol_count();
  for (std::uint64_t i = 0; i < count; i++) {
    auto symbol = read<Elf64_Sym>(*table + i * sizeof(Elf64_Sym));
    if (!symbol) break;
    if (symbol->st_shndx != SHN_UNDEF) out.push_back(*symbol);
  }
  return out;
}

std::vector<std::uint64_t> ElfView::named_addresses() const {
  std::vector<std::uint64_t> out;
  if (header_.e_entry != 0) out.push_back(header_.e_entry);
  for (auto tag : {DT_INIT, DT_FINI}) {
    if (auto address = dynamic_value(tag)) out.push_back(*address);
  }
  for (const auto& symbol : defined_symbols()) out.push_back(symbol.st_value);
  add_relocated(out);
  add_relative_words(out);
  return out;
}

void ElfView::add_import_slots(std::int64_t table, std::int64_t size, std::string_view symbol,
                               std::vector<std::uint64_t>& out) const {
  auto relocations = dynamic_value(table);
  auto length = dynamic_value(size);
  auto symbols = dynamic_value(DT_SYMTAB);
  auto names = dynamic_value(DT_STRTAB);
  if (!relocations || !length || !symbols || !names) return;
  auto entries = at(*relocations, *length);
  for (std::uint64_t i = 0; i + sizeof(Elf64_Rela) <= entries.size(); i += sizeof(Elf64_Rela)) {
    auto entry = copy_at<Elf64_Rela>(entries, i);
    auto type = ELF64_R_TYPE(entry.r_info);
    if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
    auto named = read<Elf64_Sym>(*symbols + ELF64_R_SYM(entry.r_info) * sizeof(Elf64_Sym));
    if (!named || named->st_shndx != SHN_UNDEF) continue;
    auto name = at(*names + named->st_name, symbol.size() + 1);
    if (name.empty() || name.back() != 0) continue;
    if (std::equal(symbol.begin(), symbol.end(), name.begin())) out.push_back(entry.r_offset);
  }
}

std::vector<std::uint64_t> ElfView::import_slots(std::string_view symbol) const {
  std::vector<std::uint64_t> out;
  add_import_slots(DT_JMPREL, DT_PLTRELSZ, symbol, out);
  add_import_slots(DT_RELA, DT_RELASZ, symbol, out);
  return out;
}

std::string ElfView::function_at(std::uint64_t address) const {
  auto names = dynamic_value(DT_STRTAB);
  auto length = dynamic_value(DT_STRSZ);
  if (!names || !length) return "";
  auto text = at(*names, *length);
  // Of several names for one function the plainest: open, not __open64.
  auto rank = [](const std::string& name) {
    return std::tuple(name.starts_with('_'), name.size(), name);
  };
  std::string best;
  for (const auto& symbol : defined_symbols()) {
    auto type = ELF64_ST_TYPE(symbol.st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
    if (address < symbol.st_value || address - symbol.st_value >= symbol.st_size) continue;
    if (symbol.st_name >= text.size()) continue;
    auto begin = text.begin() + static_cast<std::ptrdiff_t>(symbol.st_name);
    std::string name(begin, std::find(begin, text.end(), 0));
    if (best.empty() || rank(name) < rank(best)) best = std::move(name);
  }
  return best;
}

AddressRange ElfView::functions_span() const {
  AddressRange out{UINT64_MAX, 0};
  for (const auto& symbol : defined_symbols()) {
    auto type = ELF64_ST_TYPE(symbol.st_info);
    if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
    out.begin = std::min(out.begin, symbol.st_value);
    if (symbol.st_size <= kAddressLimit && symbol.st_value <= kAddressLimit) {
      out.end = std::max(out.end, symbol.st_value + symbol.st_size);
    }
  }
  return out.begin < out.end ? out : AddressRange{0, 0};
}

}  // namespace scratchpack
