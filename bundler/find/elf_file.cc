#include "bundler/find/elf_file.h"

#include <LIEF/ELF.hpp>
#include <LIEF/logging.hpp>
#include <memory>

#include "bundler/base/file.h"
#include "bundler/find/elf_image.h"

namespace scratchpack {
namespace {

using Tag = LIEF::ELF::DYNAMIC_TAGS;
using Type = LIEF::ELF::E_TYPE;

// What LIEF does not name.
constexpr std::uint64_t kPie = 0x08000000;  // DF_1_PIE
constexpr Tag kFilter = static_cast<Tag>(0x7fffffff);
constexpr Tag kAuxiliary = static_cast<Tag>(0x7ffffffd);

bool is_type(const ElfFile& elf, Type type) { return elf.type == static_cast<unsigned>(type); }
bool runs(const ElfFile& elf) { return is_type(elf, Type::ET_EXEC) || is_type(elf, Type::ET_DYN); }

/// What LIEF makes of the small image; never null.
std::unique_ptr<LIEF::ELF::Binary> parse(const ElfImage& image, const std::string& name) {
  static const bool quiet = (LIEF::Logger::disable(), true);
  static_cast<void>(quiet);
  std::unique_ptr<LIEF::ELF::Binary> binary;
  try {
    binary = LIEF::ELF::Parser::parse(image.bytes);
  } catch (const std::exception& exception) {
    damaged_elf(name, exception.what());
  }
  if (!binary) damaged_elf(name, "LIEF does not take its dynamic section");
  return binary;
}

void fill_from(const LIEF::ELF::Binary& binary, const std::string& strings, ElfFile& elf) {
  if (binary.has_interpreter()) elf.interpreter = binary.interpreter();
  for (const LIEF::ELF::DynamicEntry& entry : binary.dynamic_entries()) {
    if (const auto* library = dynamic_cast<const LIEF::ELF::DynamicEntryLibrary*>(&entry)) {
      elf.needed.push_back(library->name());
    } else if (const auto* own = dynamic_cast<const LIEF::ELF::DynamicSharedObject*>(&entry)) {
      elf.soname = own->name();
    } else if (const auto* rpath = dynamic_cast<const LIEF::ELF::DynamicEntryRpath*>(&entry)) {
      elf.rpath = rpath->name();
    } else if (const auto* run = dynamic_cast<const LIEF::ELF::DynamicEntryRunPath*>(&entry)) {
      elf.runpath = run->name();
    } else if (entry.tag() == Tag::DT_FLAGS_1) {
      elf.is_pie = (entry.value() & kPie) != 0;
      elf.no_default =
          (entry.value() & static_cast<unsigned>(LIEF::ELF::DYNAMIC_FLAGS_1::DF_1_NODEFLIB)) != 0;
    } else if (entry.value() < strings.size() && entry.tag() == kFilter) {
      elf.filters.push_back(strings.c_str() + entry.value());
    } else if (entry.value() < strings.size() && entry.tag() == kAuxiliary) {
      elf.auxiliaries.push_back(strings.c_str() + entry.value());
    }
  }
  if (elf.runpath) elf.rpath.reset();  // as every linker does
}

void read_dynamic(const ElfImage& image, const std::string& name, ElfFile& elf) {
  elf.has_dynamic = image.has_dynamic;
  std::unique_ptr<LIEF::ELF::Binary> binary = parse(image, name);
  if (binary->has_interpreter() != image.has_interpreter ||
      binary->dynamic_entries().size() < image.entries) {
    damaged_elf(name, "LIEF does not read all of its dynamic section");
  }
  fill_from(*binary, image.strings, elf);
}

ElfKind kind_of(const ElfFile& elf) {
  if (is_type(elf, Type::ET_EXEC)) {
    return elf.interpreter ? ElfKind::dynamic_program : ElfKind::static_program;
  }
  // libc.so.6 and libcap.so.2 have an interpreter so that they can say their version when run;
  // programs made before DF_1_PIE existed have no soname.
  if (elf.is_pie) return elf.interpreter ? ElfKind::dynamic_program : ElfKind::static_program;
  return elf.interpreter && !elf.soname ? ElfKind::dynamic_program : ElfKind::shared_library;
}

}  // namespace

std::optional<ElfFile> read_elf(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (!has_elf_magic(bytes)) return std::nullopt;
  ElfFile elf{elf_identity(bytes, name)};
  if (!elf.is_native() || !runs(elf)) return elf;
  ElfImage image = cut_elf_image(bytes, name);
  if (image.is_debug) return elf;
  read_dynamic(image, name, elf);
  elf.kind = kind_of(elf);
  return elf;
}

std::optional<ElfFile> read_elf_file(const std::string& host_path, const std::string& name) {
  MappedFile file(host_path);
  return read_elf(file.bytes(), name);
}

}  // namespace scratchpack
