// LIEF reads the dynamic section, but never sees the file. Handed a whole file it reads every table
// there is: 0.5 s and 270 MB for a program of 99 MB, and some damaged files keep it busy for
// minutes. So the headers are first checked here, in 64 bits, and what the walk asks for is copied
// into an image of a few hundred bytes, whose addresses are its offsets:
//
//   ELF header | PT_LOAD of everything, PT_DYNAMIC, PT_INTERP | interpreter | entries | strings
//
// Reading a file costs the same however large it is. The dynamic section and its strings are
// looked up where the linker does: by address, through the loaded segments, not by file offset and
// not by section headers, which a file need not have.

#include "bundler/find/elf_image.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <vector>

#include "bundler/find/elf_identity.h"

namespace scratchpack {
namespace {

constexpr std::size_t kMostNames = 900;          // LIEF stops at 1000 entries
constexpr std::size_t kMostNameBytes = 1 << 20;  // all strings of one dynamic section
constexpr std::size_t kMostInterpreter = 4096;   // PATH_MAX, the kernel's own limit

class Reader {
 public:
  Reader(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  [[noreturn]] void damaged(const std::string& reason) const { damaged_elf(name_, reason); }

  template <typename T>
  T at(std::uint64_t offset, const char* what) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) {
      damaged(fmt::format("{} lies outside of the file", what));
    }
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  /// Bytes [offset, offset + size) of the file.
  std::span<const std::uint8_t> part(std::uint64_t offset, std::uint64_t size,
                                     const char* what) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) {
      damaged(fmt::format("{} lies outside of the file", what));
    }
    return bytes_.subspan(offset, size);
  }

  /// The part of the file that a loaded segment maps at `address` and behind.
  std::span<const std::uint8_t> mapped_at(std::uint64_t address, const char* what) const {
    for (const Elf64_Phdr& header : headers_) {
      if (header.p_type != PT_LOAD || address < header.p_vaddr) continue;
      std::uint64_t inside = address - header.p_vaddr;
      if (inside >= header.p_filesz) continue;
      return part(header.p_offset, header.p_filesz, what).subspan(inside);
    }
    damaged(fmt::format("{} is not in a loaded segment", what));
  }

  void read_headers() {
    auto header = at<Elf64_Ehdr>(0, "the header");
    if (header.e_phnum == 0) return;
    if (header.e_phentsize != sizeof(Elf64_Phdr)) damaged("program headers of an odd size");
    std::uint64_t size = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
    std::span<const std::uint8_t> table = part(header.e_phoff, size, "the program header table");
    headers_.resize(header.e_phnum);
    std::memcpy(headers_.data(), table.data(), size);
  }

  const Elf64_Phdr* header(std::uint32_t type) const {
    for (const Elf64_Phdr& header : headers_) {
      if (header.p_type == type) return &header;
    }
    return nullptr;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::vector<Elf64_Phdr> headers_;
};

/// A string that must end before `from` does. Control characters are in no name of a library, and
/// would break the line of every message about it.
std::string terminated(const Reader& reader, std::span<const std::uint8_t> from, const char* what) {
  const void* end = from.empty() ? nullptr : std::memchr(from.data(), 0, from.size());
  if (end == nullptr) reader.damaged(fmt::format("{} has no end", what));
  std::string text = reinterpret_cast<const char*>(from.data());
  for (unsigned char character : text) {
    if (character < ' ' || character == 0x7f) {
      reader.damaged(fmt::format("{} has control characters", what));
    }
  }
  return text;
}

/// The small image that LIEF parses.
class ImageBuilder {
 public:
  void set_interpreter(const std::string& path) { interpreter_ = path; }

  /// An entry whose value is a name.
  void add_name(std::int64_t tag, const std::string& name) {
    add(tag, strings_.size());
    strings_ += name;
    strings_ += '\0';
  }
  void add(std::int64_t tag, std::uint64_t value) {
    Elf64_Dyn entry{};
    entry.d_tag = tag;
    entry.d_un.d_val = value;
    entries_.push_back(entry);
  }
  std::size_t string_bytes() const { return strings_.size(); }
  std::size_t entries() const { return entries_.size(); }
  const std::string& strings() const { return strings_; }

  Bytes finish() {
    std::uint64_t at = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr);
    std::uint64_t dynamic_at = (at + interpreter_.size() + 1 + 15) / 16 * 16;
    std::uint64_t dynamic_size = (entries_.size() + 3) * sizeof(Elf64_Dyn);
    std::uint64_t strings_at = dynamic_at + dynamic_size;
    add(DT_STRTAB, strings_at);
    add(DT_STRSZ, strings_.size());
    add(DT_NULL, 0);
    Bytes image(strings_at + strings_.size());
    Elf64_Ehdr header = elf_header(interpreter_.empty() ? 2 : 3);
    Elf64_Phdr segments[3] = {segment(PT_LOAD, 0, image.size()),
                              segment(PT_DYNAMIC, dynamic_at, dynamic_size),
                              segment(PT_INTERP, at, interpreter_.size() + 1)};
    std::memcpy(image.data(), &header, sizeof header);
    std::memcpy(image.data() + sizeof header, segments, sizeof segments);
    std::memcpy(image.data() + at, interpreter_.c_str(), interpreter_.size() + 1);
    std::memcpy(image.data() + dynamic_at, entries_.data(), dynamic_size);
    std::memcpy(image.data() + strings_at, strings_.data(), strings_.size());
    return image;
  }

 private:
  static Elf64_Ehdr elf_header(std::uint16_t segments) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = segments;
    header.e_shentsize = sizeof(Elf64_Shdr);
    return header;
  }

  static Elf64_Phdr segment(std::uint32_t type, std::uint64_t offset, std::uint64_t size) {
    Elf64_Phdr header{};
    header.p_type = type;
    header.p_flags = PF_R;
    header.p_offset = header.p_vaddr = header.p_paddr = offset;
    header.p_filesz = header.p_memsz = size;
    header.p_align = 1;
    return header;
  }

  std::string interpreter_;
  std::string strings_;
  std::vector<Elf64_Dyn> entries_;
};

bool names_a_file(std::int64_t tag) {
  return tag == DT_NEEDED || tag == DT_SONAME || tag == DT_RPATH || tag == DT_RUNPATH ||
         tag == DT_FILTER || tag == DT_AUXILIARY;
}

std::string interpreter_name(const Reader& reader, const Elf64_Phdr& segment) {
  const char* what = "the name of its interpreter";
  if (segment.p_filesz < 2 || segment.p_filesz > kMostInterpreter) {
    reader.damaged(fmt::format("{} has an odd length", what));
  }
  std::string name =
      terminated(reader, reader.part(segment.p_offset, segment.p_filesz, what), what);
  if (name.empty()) reader.damaged(fmt::format("{} is empty", what));
  return name;
}

/// The entries of the dynamic section, where the linker looks for them: by the segment's address,
/// up to DT_NULL.
std::vector<Elf64_Dyn> dynamic_entries(const Reader& reader, const Elf64_Phdr& segment) {
  std::span<const std::uint8_t> bytes = reader.mapped_at(segment.p_vaddr, "the dynamic section");
  std::vector<Elf64_Dyn> entries;
  for (; bytes.size() >= sizeof(Elf64_Dyn); bytes = bytes.subspan(sizeof(Elf64_Dyn))) {
    Elf64_Dyn entry;
    std::memcpy(&entry, bytes.data(), sizeof entry);
    if (entry.d_tag == DT_NULL) return entries;
    if (names_a_file(entry.d_tag) || entry.d_tag == DT_STRTAB || entry.d_tag == DT_FLAGS_1) {
      entries.push_back(entry);
    }
    if (entries.size() > kMostNames) reader.damaged("more than 900 libraries in one file");
  }
  reader.damaged("the dynamic section has no end");
}

void copy_dynamic(const Reader& reader, const Elf64_Phdr& segment, ImageBuilder& image) {
  std::vector<Elf64_Dyn> entries = dynamic_entries(reader, segment);
  std::optional<std::uint64_t> strings;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_STRTAB) strings = entry.d_un.d_ptr;
  }
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_FLAGS_1) image.add(DT_FLAGS_1, entry.d_un.d_val);
    if (!names_a_file(entry.d_tag)) continue;
    if (!strings) reader.damaged("names, but no string table");
    std::uint64_t address = *strings + entry.d_un.d_val;
    if (address < *strings) reader.damaged("a name lies outside of the string table");
    image.add_name(entry.d_tag,
                   terminated(reader, reader.mapped_at(address, "the string table"), "a name"));
    if (image.string_bytes() > kMostNameBytes) reader.damaged("more than 1 MiB of names");
  }
}

}  // namespace

ElfImage cut_elf_image(std::span<const std::uint8_t> bytes, const std::string& name) {
  Reader reader(bytes, name);
  reader.read_headers();
  ImageBuilder builder;
  ElfImage image;
  const Elf64_Phdr* interpreter = reader.header(PT_INTERP);
  const Elf64_Phdr* dynamic = reader.header(PT_DYNAMIC);
  image.has_interpreter = interpreter != nullptr;
  image.has_dynamic = dynamic != nullptr;
  for (const Elf64_Phdr* segment : {interpreter, dynamic}) {
    if (segment != nullptr && segment->p_filesz == 0 && segment->p_memsz != 0) {
      image.is_debug = true;
      return image;
    }
  }
  if (interpreter != nullptr) builder.set_interpreter(interpreter_name(reader, *interpreter));
  if (dynamic != nullptr) copy_dynamic(reader, *dynamic, builder);
  image.entries = builder.entries();
  image.strings = builder.strings();
  image.bytes = builder.finish();
  return image;
}

}  // namespace scratchpack
