#include "bundler/content/strip_elf.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace scratchpack {
namespace {

constexpr std::uint64_t kMostAlignment = 4096;
constexpr std::size_t kMostSections = 4096;  // of programs; object files may have more

/// Bytes of the file from `begin` up to, not including, `end`.
struct FileRange {
  std::uint64_t begin;
  std::uint64_t end;
};

enum class Part : std::uint8_t {
  loaded,   ///< part of what is mapped
  stays,    ///< not loaded, but read by tools that watch programs: notes
  symbols,  ///< symbols or debug information: the reason to strip
  remark,   ///< goes along with them
  foreign,  ///< whoever put it there may look for it
};

bool is_debug_name(std::string_view name) {
  for (const char* begin : {".debug", ".zdebug", ".stab", ".gnu.debuglto", ".gnu.lto_"}) {
    if (name.starts_with(begin)) return true;
  }
  return name == ".gnu_debugdata" || name == ".gdb_index" || name == ".ctf";
}

bool is_remark_name(std::string_view name) {
  static constexpr std::string_view kRemarks[] = {
      ".comment",  ".gnu_debuglink",    ".gnu_debugaltlink", ".strtab",
      ".shstrtab", ".GCC.command.line", ".llvm_addrsig"};
  return std::ranges::find(kRemarks, name) != std::end(kRemarks) ||
         name.starts_with(".gnu.build.attributes");
}

Part part_of(const Elf64_Shdr& section, std::string_view name) {
  if ((section.sh_flags & SHF_ALLOC) != 0) return Part::loaded;
  switch (section.sh_type) {
    case SHT_SYMTAB:
    case SHT_SYMTAB_SHNDX:
      return Part::symbols;
    case SHT_NULL:  // and relocations that the linker left for other tools
    case SHT_REL:
    case SHT_RELA:
      return Part::remark;
    default:
      break;
  }
  if (is_debug_name(name)) return Part::symbols;
  if (is_remark_name(name)) return Part::remark;
  return section.sh_type == SHT_NOTE ? Part::stays : Part::foreign;
}

class Stripper {
 public:
  explicit Stripper(std::span<const std::uint8_t> file) : file_(file) {}

  StrippedElf run() {
    if (!read_headers() || !read_sections() || !measure()) return {};
    if (std::ranges::find(parts_, Part::symbols) == parts_.end()) return {};
    if (std::string why = reason_to_stay(); !why.empty()) return {.why = std::move(why)};
    lay_sections();
    StrippedElf stripped;
    stripped.pieces = kept_pieces(stripped.removed);
    const std::uint64_t end = tail_begin_ + tail_.size();
    // The new section headers may outgrow what goes.
    if (end >= file_.size() + stripped.removed) return {};
    stripped.removed = file_.size() + stripped.removed - end;
    stripped.size = end;
    stripped.pieces.push_back({tail_.size(), std::nullopt, std::move(tail_)});
    return stripped;
  }

 private:
  bool inside(std::uint64_t offset, std::uint64_t size) const {
    return offset <= file_.size() && size <= file_.size() - offset;
  }

  template <typename T>
  std::optional<std::vector<T>> table(std::uint64_t offset, std::uint64_t count) const {
    if (!inside(offset, count * sizeof(T))) return std::nullopt;
    std::vector<T> rows(count);
    std::memcpy(rows.data(), file_.data() + offset, count * sizeof(T));
    return rows;
  }

  bool read_headers();
  bool read_sections();
  std::string_view name_of(const Elf64_Shdr& section) const;
  bool measure();
  std::string reason_to_stay() const;
  bool is_undescribed() const;
  void lay_sections();
  void place_section(std::size_t number, Elf64_Shdr& section);
  void pad_tail(std::uint64_t alignment);
  std::vector<FileRange> holes() const;
  std::vector<Piece> kept_pieces(std::uint64_t& zeroed) const;

  std::span<const std::uint8_t> file_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<Part> parts_;       // of each section
  std::uint64_t loaded_end_ = 0;  // in the file: all that is mapped, and its headers, lie before
  std::uint64_t tail_begin_ = 0;  // loaded_end_, on 8 bytes
  Bytes tail_;                    // sections that stay, names, section headers
};

bool Stripper::read_headers() {
  if (!inside(0, sizeof header_)) return false;
  std::memcpy(&header_, file_.data(), sizeof header_);
  const bool ours = std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0 &&
                    header_.e_ident[EI_CLASS] == ELFCLASS64 &&
                    header_.e_ident[EI_DATA] == ELFDATA2LSB &&
                    (header_.e_type == ET_EXEC || header_.e_type == ET_DYN) &&
                    (header_.e_machine == EM_X86_64 || header_.e_machine == EM_AARCH64);
  if (!ours || header_.e_phnum == 0 || header_.e_phnum == PN_XNUM ||
      header_.e_phentsize != sizeof(Elf64_Phdr)) {
    return false;
  }
  auto segments = table<Elf64_Phdr>(header_.e_phoff, header_.e_phnum);
  if (!segments) return false;
  segments_ = std::move(*segments);
  return true;
}

bool Stripper::read_sections() {
  if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum > kMostSections ||
      header_.e_shstrndx >= header_.e_shnum) {
    return false;
  }
  auto sections = table<Elf64_Shdr>(header_.e_shoff, header_.e_shnum);
  if (!sections) return false;
  sections_ = std::move(*sections);
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type != SHT_NOBITS && !inside(section.sh_offset, section.sh_size)) return false;
  }
  for (const Elf64_Shdr& section : sections_) parts_.push_back(part_of(section, name_of(section)));
  return true;
}

/// Empty where it has no end.
std::string_view Stripper::name_of(const Elf64_Shdr& section) const {
  const Elf64_Shdr& names = sections_[header_.e_shstrndx];
  if (names.sh_type != SHT_STRTAB || section.sh_name >= names.sh_size) return {};
  const char* begin = reinterpret_cast<const char*>(file_.data() + names.sh_offset);
  const std::string_view rest(begin + section.sh_name, names.sh_size - section.sh_name);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

bool Stripper::measure() {
  std::uint64_t end =
      std::max(sizeof header_, header_.e_phoff + segments_.size() * sizeof(Elf64_Phdr));
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_filesz == 0) continue;
    if (!inside(segment.p_offset, segment.p_filesz)) return false;
    end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    if (parts_[i] != Part::loaded || sections_[i].sh_type == SHT_NOBITS) continue;
    end = std::max(end, sections_[i].sh_offset + sections_[i].sh_size);
  }
  loaded_end_ = end;
  tail_begin_ = (end + 7) / 8 * 8;
  return true;
}

std::string Stripper::reason_to_stay() const {
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const std::string_view name = name_of(sections_[i]);
    if (sections_[i].sh_type == SHT_NOBITS && (sections_[i].sh_flags & SHF_EXECINSTR) != 0) {
      return "it is separate debug information";
    }
    if (name == ".note.fdo.integrity") return "it checks itself";
    if (parts_[i] == Part::foreign) {
      return fmt::format("its section '{}' may be looked for by the program", name);
    }
  }
  return is_undescribed() ? "data is appended to it" : "";
}

/// Whether there is more behind what is loaded than sections and their headers.
bool Stripper::is_undescribed() const {
  std::vector<FileRange> known = {
      {header_.e_shoff, header_.e_shoff + sections_.size() * sizeof(Elf64_Shdr)}};
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type == SHT_NOBITS) continue;
    known.push_back({section.sh_offset, section.sh_offset + section.sh_size});
  }
  known.push_back({file_.size(), file_.size()});
  std::ranges::sort(known, {}, &FileRange::begin);
  std::uint64_t at = loaded_end_;
  for (const FileRange& range : known) {
    if (range.begin > at) {
      const auto gap = file_.subspan(at, range.begin - at);
      if (std::ranges::any_of(gap, [](std::uint8_t byte) { return byte != 0; })) return true;
    }
    at = std::max(at, range.end);
  }
  return false;
}

void Stripper::pad_tail(std::uint64_t alignment) {
  const std::uint64_t end = tail_begin_ + tail_.size();
  tail_.resize(tail_.size() + (end + alignment - 1) / alignment * alignment - end);
}

/// A section that is not loaded moves to the tail when it lies behind what is.
void Stripper::place_section(std::size_t number, Elf64_Shdr& section) {
  const bool moves = parts_[number] == Part::stays && section.sh_type != SHT_NOBITS &&
                     section.sh_offset + section.sh_size > loaded_end_;
  if (!moves) return;
  const auto content = file_.subspan(section.sh_offset, section.sh_size);
  pad_tail(std::clamp<std::uint64_t>(section.sh_addralign, 1, kMostAlignment));
  section.sh_offset = tail_begin_ + tail_.size();
  tail_.insert(tail_.end(), content.begin(), content.end());
}

void Stripper::lay_sections() {
  std::size_t fixed = 1;  // sections before keep their numbers
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i] == Part::loaded) fixed = i + 1;
  }
  std::vector<Elf64_Shdr> kept(fixed);
  std::vector<std::uint32_t> number(sections_.size());  // the new ones; 0: gone
  std::string names(1, '\0');
  for (std::size_t i = 1; i < sections_.size(); ++i) {
    if (parts_[i] != Part::loaded && parts_[i] != Part::stays) continue;
    if (i >= fixed) kept.emplace_back();
    number[i] = static_cast<std::uint32_t>(i < fixed ? i : kept.size() - 1);
    Elf64_Shdr& section = kept[number[i]] = sections_[i];
    place_section(i, section);
    section.sh_name = static_cast<std::uint32_t>(names.size());
    names.append(name_of(sections_[i])).push_back('\0');
  }
  const auto renumbered = [&](std::uint32_t old) { return old < number.size() ? number[old] : 0; };
  for (Elf64_Shdr& section : kept) {
    section.sh_link = renumbered(section.sh_link);
    const bool relocates = section.sh_type == SHT_REL || section.sh_type == SHT_RELA;
    if (relocates || (section.sh_flags & SHF_INFO_LINK) != 0) {
      section.sh_info = renumbered(section.sh_info);
    }
  }
  Elf64_Shdr own{};
  own.sh_type = SHT_STRTAB;
  own.sh_addralign = 1;
  own.sh_name = static_cast<std::uint32_t>(names.size());
  names.append(".shstrtab").push_back('\0');
  own.sh_offset = tail_begin_ + tail_.size();
  own.sh_size = names.size();
  kept.push_back(own);
  tail_.insert(tail_.end(), names.begin(), names.end());
  pad_tail(alignof(Elf64_Shdr));
  header_.e_shoff = tail_begin_ + tail_.size();
  header_.e_shnum = static_cast<std::uint16_t>(kept.size());
  header_.e_shstrndx = static_cast<std::uint16_t>(kept.size() - 1);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(kept.data());
  tail_.insert(tail_.end(), bytes, bytes + kept.size() * sizeof(Elf64_Shdr));
}

/// What goes, where it lies among what is loaded but in no segment: behind it patchelf(1) has put
/// what is loaded as well. Sorted, apart from each other.
std::vector<FileRange> Stripper::holes() const {
  std::vector<FileRange> taken = {
      {0, sizeof header_},
      {header_.e_phoff, header_.e_phoff + segments_.size() * sizeof(Elf64_Phdr)}};
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_filesz != 0)
      taken.push_back({segment.p_offset, segment.p_offset + segment.p_filesz});
  }
  std::vector<FileRange> gone;
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const Elf64_Shdr& section = sections_[i];
    if (section.sh_type == SHT_NOBITS || section.sh_size == 0) continue;
    const FileRange range{section.sh_offset, section.sh_offset + section.sh_size};
    const bool goes = parts_[i] == Part::symbols || parts_[i] == Part::remark;
    (goes ? gone : taken).push_back(range);
  }
  std::ranges::sort(taken, {}, &FileRange::begin);
  std::ranges::sort(gone, {}, &FileRange::begin);
  std::vector<FileRange> holes;
  std::uint64_t done = 0;
  for (const FileRange& range : gone) {
    std::uint64_t at = std::max(range.begin, done);
    const std::uint64_t end = std::min(range.end, loaded_end_);
    for (const FileRange& other : taken) {
      if (other.end <= at || at >= end) continue;
      if (other.begin > at) holes.push_back({at, std::min(other.begin, end)});
      at = std::max(at, other.end);
    }
    if (at < end) holes.push_back({at, end});
    done = std::max(done, range.end);
  }
  return holes;
}

std::vector<Piece> Stripper::kept_pieces(std::uint64_t& zeroed) const {
  std::vector<Piece> pieces(1);
  pieces[0].size = sizeof header_;
  pieces[0].made.resize(sizeof header_);
  std::memcpy(pieces[0].made.data(), &header_, sizeof header_);
  std::uint64_t at = sizeof header_;
  for (const FileRange& hole : holes()) {
    if (hole.begin > at) pieces.push_back({hole.begin - at, at});
    pieces.push_back({hole.end - hole.begin});
    zeroed += hole.end - hole.begin;
    at = hole.end;
  }
  if (at < loaded_end_) pieces.push_back({loaded_end_ - at, at});
  if (tail_begin_ > loaded_end_) pieces.push_back({tail_begin_ - loaded_end_});
  return pieces;
}

}  // namespace

StrippedElf strip_elf(std::span<const std::uint8_t> file) { return Stripper(file).run(); }

}  // namespace scratchpack
