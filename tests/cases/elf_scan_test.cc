#include <doctest/doctest.h>
#include <elf.h>

#include <algorithm>
#include <cstring>

#include "bundler/base/file.h"
#include "bundler/find/elf_scan.h"

using namespace scratchpack;

namespace {

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("imports are the undefined symbols, with or without section headers") {
  Bytes bytes = read_file("/usr/bin/date");
  std::vector<std::string_view> names = imported_symbols(bytes);
  CHECK(contains(names, "localtime_r"));
  CHECK(contains(names, "setlocale"));
  CHECK_FALSE(contains(names, "iconv_open"));
  std::vector<std::string> expected(names.begin(), names.end());

  Bytes stripped = bytes;
  std::memset(stripped.data() + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
  std::memset(stripped.data() + offsetof(Elf64_Ehdr, e_shnum), 0, 2);
  std::vector<std::string_view> again = imported_symbols(stripped);
  CHECK(std::vector<std::string>(again.begin(), again.end()) == expected);
}

TEST_CASE("exports are the defined symbols, with or without section headers") {
  Bytes bytes = read_file("/lib/x86_64-linux-gnu/libc.so.6");
  CHECK(contains(exported_symbols(bytes), "qsort"));
  CHECK_FALSE(contains(exported_symbols(bytes), "_rtld_global"));  // the linker's
  std::memset(bytes.data() + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
  std::memset(bytes.data() + offsetof(Elf64_Ehdr, e_shnum), 0, 2);
  CHECK(contains(exported_symbols(bytes), "qsort"));
}

TEST_CASE("notes are named by their owners") {
  Bytes bytes = read_file("/usr/bin/date");
  CHECK(contains(note_owners(bytes), "GNU"));
}

TEST_CASE("a damaged file gives less to see and no trouble") {
  Bytes bytes = read_file("/usr/bin/true");
  for (std::size_t size = 0; size < bytes.size(); size += size < 5000 ? 7 : 997) {
    Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(imported_symbols(cut).size() <= bytes.size());
    CHECK(strippable_bytes(cut) <= size);
    CHECK(note_owners(cut).size() <= bytes.size());
  }
  for (std::size_t at = 0; at < 0x400; ++at) {
    Bytes changed = bytes;
    changed[at] = 0xff;
    CHECK(imported_symbols(changed).size() <= bytes.size());
    CHECK(exported_symbols(changed).size() <= bytes.size());
    CHECK(strippable_bytes(changed) <= bytes.size());
    CHECK(note_owners(changed).size() <= bytes.size());
  }
  CHECK(imported_symbols({}).empty());
}

TEST_CASE("a text is found where it stands") {
  Bytes bytes = {'a', 'b', 'c', 'a', 'b'};
  CHECK(find_text(bytes, "ab") == 0);
  CHECK(find_text(bytes, "ab", 1) == 3);
  CHECK(find_text(bytes, "abx") == bytes.size());
  CHECK(find_text(bytes, "ab", 9) == bytes.size());
}
