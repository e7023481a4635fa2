#include "bundler/python/pyinstaller.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/find/data_needs.h"

namespace scratchpack {
namespace {

constexpr std::string_view kMagic = "MEI\014\013\012\013\016";
constexpr std::size_t kCookie = 88;  // bytes
constexpr std::size_t kEntry = 18;   // bytes of a table's entry in front of its name
constexpr std::size_t kTail = 65536;
constexpr char kBinary = 'b';  // type of an entry that is unpacked to be loaded

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// The table of the archive, or nothing where there is none or it is damaged.
std::optional<std::string_view> table_in(std::string_view program) {
  // Behind the archive stand only section headers and names; nothing else is searched in full.
  std::string_view tail = program.substr(program.size() - std::min(program.size(), kTail));
  if (tail.find(kMagic) == tail.npos && tail.find("pydata") == tail.npos) return std::nullopt;
  const std::size_t cookie = program.rfind(kMagic);
  if (cookie == program.npos || program.size() - cookie < kCookie) return std::nullopt;
  const std::uint64_t length = number_at(program, cookie + 8);
  const std::uint64_t offset = number_at(program, cookie + 12);
  const std::uint64_t size = number_at(program, cookie + 16);
  const std::uint64_t end = cookie + kCookie;
  if (length > end || offset > length || size > length - offset) return std::nullopt;
  return program.substr(end - length + offset, size);
}

bool holds_binaries(std::string_view table) {
  while (table.size() >= kEntry) {
    const std::uint64_t length = number_at(table, 0);
    if (length < kEntry || length > table.size()) return false;
    if (table[kEntry - 1] == kBinary) return true;
    table.remove_prefix(length);
  }
  return false;
}

}  // namespace

PyInstallerKind pyinstaller_kind(std::span<const std::uint8_t> program) {
  const auto table = table_in({reinterpret_cast<const char*>(program.data()), program.size()});
  if (!table) return PyInstallerKind::none;
  return holds_binaries(*table) ? PyInstallerKind::one_file : PyInstallerKind::one_folder;
}

void plan_pyinstaller(Plan& plan, const Sysroot& sysroot, const ResolveOptions& resolve) {
  if (plan.kind == ApplicationKind::script) return;
  const MappedFile program(sysroot.host_path(plan.application).value_or(""));
  const PyInstallerKind kind = pyinstaller_kind(program.bytes());
  if (kind == PyInstallerKind::none) return;
  if (kind == PyInstallerKind::one_file) {
    throw Error(fmt::format(
        "build {}: is a one-file program of PyInstaller, which unpacks itself into an executable "
        "/tmp at each start (give the script it was made of, or the program in the folder that "
        "pyinstaller --onedir makes)",
        plan.application));
  }
  const std::string beside = directory_of(sysroot.resolve(plan.application).value_or(""));
  const std::string internal = joined(beside, "_internal");
  const std::string folder = sysroot.stat(internal) ? internal : beside;
  ResolveOptions with_folder = resolve;
  with_folder.library_path.push_back(folder);
  Want want{.path = folder,
            .reason = "PyInstaller's folder",
            .source = sysroot.host_path(folder).value_or("")};
  plan.wants.push_back(want);
  plan_data_needs(plan, want, sysroot, with_folder);
}

}  // namespace scratchpack
