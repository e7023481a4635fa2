// One-file programs of PyInstaller, which are refused.
#include <doctest/doctest.h>

#include "bundler/python/pyinstaller.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

/// An archive as PyInstaller appends it, with entries of these types.
std::string archive(const std::string& types) {
  std::string table;
  for (char type : types) table += number(20) + std::string(13, '\0') + type + "n" + '\0';
  return "content" + table + "MEI\014\013\012\013\016" +
         number(static_cast<std::uint32_t>(7 + table.size() + 88)) + number(7) +
         number(static_cast<std::uint32_t>(table.size())) + number(311) + std::string(64, '\0');
}

PyInstallerKind kind_of(const std::string& bytes) {
  return pyinstaller_kind({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("pyinstaller: a one-file program is known by the binaries in its archive") {
  CHECK(kind_of("program" + archive("mms")) == PyInstallerKind::one_folder);
  CHECK(kind_of("program" + archive("mbs")) == PyInstallerKind::one_file);
  CHECK(kind_of("program" + archive("mbs") + "sections") == PyInstallerKind::one_file);
  CHECK(kind_of("program") == PyInstallerKind::none);
  CHECK(kind_of("") == PyInstallerKind::none);
  std::string damaged = "program" + archive("b");
  for (std::size_t at = damaged.size() - 88; at < damaged.size(); ++at) {
    std::string bytes = damaged;
    bytes[at] = '\xff';
    kind_of(bytes);  // whatever it is, it is found inside the bytes
    kind_of(damaged.substr(0, at));
  }
}

TEST_CASE("pyinstaller: a one-file program is refused with what to give instead") {
  ScratchFolder folder;
  folder.copy("one", "/bin/true");
  folder.write("tail", archive("mb"));
  folder.run("cat tail >> one");
  Ran refused = run(folder, "build ./one");
  CHECK(refused.status == 1);
  CHECK(says(refused.errors, "one-file program of PyInstaller"));
  CHECK(says(refused.errors, "--onedir"));
}
