// --strip: what goes, what stays, and that what runs is the same to the last byte.
#include <doctest/doctest.h>
#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "bundler/content/rewrite.h"
#include "bundler/content/strip.h"
#include "bundler/content/strip_elf.h"
#include "bundler/find/elf_scan.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace fs = std::filesystem;

namespace {

constexpr const char* kSource =
    "#include <stdio.h>\nint thrice(int x) { return 3 * x; }\n"
    "int main(int c, char **v) { (void)v; printf(\"%d\\n\", thrice(c)); return 0; }\n";

Bytes joined(const std::vector<Piece>& pieces, std::span<const std::uint8_t> source) {
  Bytes all;
  for (const Piece& piece : pieces) {
    Bytes part = piece.made;
    if (piece.from) {
      REQUIRE(*piece.from <= source.size());
      REQUIRE(piece.size <= source.size() - *piece.from);
      const auto taken = source.subspan(*piece.from, piece.size);
      part.assign(taken.begin(), taken.end());
    }
    part.resize(piece.size);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::vector<Elf64_Phdr> segments_of(const Bytes& elf) {
  Elf64_Ehdr header;
  std::memcpy(&header, elf.data(), sizeof header);
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  std::memcpy(segments.data(), elf.data() + header.e_phoff, segments.size() * sizeof segments[0]);
  return segments;
}

/// The place of the section headers in the ELF header cleared: all that may differ.
Bytes without_sections(Bytes elf) {
  Elf64_Ehdr header;
  std::memcpy(&header, elf.data(), sizeof header);
  header.e_shoff = header.e_shnum = header.e_shstrndx = 0;
  std::memcpy(elf.data(), &header, sizeof header);
  return elf;
}

/// That the kernel and the dynamic linker see the same file.
void check_runs_alike(const Bytes& before, const Bytes& after) {
  const Bytes one = without_sections(before);
  const Bytes other = without_sections(after);
  CHECK(std::equal(one.begin(), one.begin() + sizeof(Elf64_Ehdr), other.begin()));
  const std::vector<Elf64_Phdr> segments = segments_of(before);
  const std::vector<Elf64_Phdr> kept = segments_of(after);
  REQUIRE(segments.size() == kept.size());
  CHECK(std::memcmp(segments.data(), kept.data(), segments.size() * sizeof segments[0]) == 0);
  for (const Elf64_Phdr& segment : segments) {
    const auto begin = static_cast<std::ptrdiff_t>(segment.p_offset);
    const auto end = begin + static_cast<std::ptrdiff_t>(segment.p_filesz);
    if (begin == end) continue;
    REQUIRE(other.size() >= static_cast<std::size_t>(end));
    CHECK(std::equal(one.begin() + begin, one.begin() + end, other.begin() + begin));
  }
}

/// The file stripped; nothing when it stays.
Bytes stripped(const Bytes& before) {
  const StrippedElf result = strip_elf(before);
  if (result.pieces.empty()) return {};
  Bytes after = joined(result.pieces, before);
  CHECK(after.size() == result.size);
  CHECK(result.removed + after.size() >= before.size());
  check_runs_alike(before, after);
  // Nothing is left to take away.
  CHECK(strip_elf(after).pieces.empty());
  return after;
}

Bytes compiled(const ScratchFolder& folder, const std::string& name, const std::string& flags) {
  folder.write("p.c", kSource);
  folder.run(fmt::format("gcc -g {} -o {} p.c", flags, name));
  return read_file(folder.path(name));
}

std::string output_of(const ScratchFolder& folder, const std::string& command) {
  folder.run(command + " > said 2>&1");
  const Bytes said = read_file(folder.path("said"));
  return {said.begin(), said.end()};
}

void write_program(const ScratchFolder& folder, const std::string& name, const Bytes& bytes) {
  folder.write(name, std::string(bytes.begin(), bytes.end()));
  fs::permissions(folder.path(name), fs::perms(0755));
}

}  // namespace

TEST_CASE("programs and libraries of every kind run the same without their symbols") {
  ScratchFolder folder;
  for (const char* flags :
       {"", "-no-pie", "-static", "-static-pie", "-shared -fPIC", "-Wl,-z,noseparate-code", "-gz",
        "-Wl,--emit-relocs", "-gdwarf-4 -g3"}) {
    CAPTURE(flags);
    const Bytes before = compiled(folder, "p", flags);
    const Bytes after = stripped(before);
    REQUIRE(!after.empty());
    CHECK(after.size() < before.size());
    write_program(folder, "q", after);
    const std::string sections = output_of(folder, "readelf -SW q");
    for (const char* gone : {".symtab", ".debug", ".comment", "Warning", "Error"}) {
      CHECK(sections.find(gone) == std::string::npos);
    }
    CHECK(sections.find(".text") != std::string::npos);
    if (std::string(flags).find("-shared") == 0) continue;
    CHECK(output_of(folder, "./q 1") == output_of(folder, "./p 1"));
    // Dynamic symbols name sections by their numbers.
    CHECK(output_of(folder, "readelf -W --dyn-syms q") ==
          output_of(folder, "readelf -W --dyn-syms p"));
  }
}

TEST_CASE("what is loaded from behind the symbols stays there, and they become zeros") {
  ScratchFolder folder;
  const Bytes plain = compiled(folder, "p", "-static");
  // As patchelf does, rewriting puts a segment at the end of the file.
  const RewrittenFile moved = rewrite(plain, RewriteRole::both, "p");
  REQUIRE(moved.image.size() > plain.size());
  const Bytes after = stripped(moved.image);
  REQUIRE(!after.empty());
  const std::string text(after.begin(), after.end());
  CHECK(text.find("thrice") == std::string::npos);
  CHECK(strip_elf(moved.image).removed > 10000);
}

TEST_CASE("what must not be touched stays, and says why") {
  ScratchFolder folder;
  const auto why = [&](const Bytes& file) {
    const StrippedElf result = strip_elf(file);
    CHECK(result.pieces.empty());
    return result.why;
  };
  Bytes program = compiled(folder, "p", "");
  Bytes appended = program;
  appended.insert(appended.end(), {'P', 'K', 3, 4});
  CHECK(why(appended) == "data is appended to it");
  Bytes padded = program;
  padded.resize(padded.size() + 100);
  CHECK(!strip_elf(padded).pieces.empty());

  folder.write("data", "an archive");
  folder.run("objcopy --add-section pydata=data p with && objcopy --only-keep-debug p p.debug");
  CHECK(why(read_file(folder.path("with"))).find("'pydata'") != std::string::npos);
  CHECK(why(read_file(folder.path("p.debug"))) == "it is separate debug information");

  // Neither symbols nor debug information: as the package brought it.
  folder.run("strip -o bare p");
  CHECK(why(read_file(folder.path("bare"))).empty());
  folder.run("gcc -g -c -o p.o p.c");
  CHECK(why(read_file(folder.path("p.o"))).empty());
}

TEST_CASE("a library that is compared with a checksum stays") {
  ScratchFolder folder;
  for (const char* name :
       {"libone.so.1.2", "libtwo.so.3", "libthree3.so", "fips.so", "libfour.so"}) {
    compiled(folder, name, "-shared -fPIC");
  }
  folder.write(".libone.so.1.hmac", "");
  folder.write("libthree3.chk", "");
  FileSet files;
  for (const char* name :
       {"libone.so.1.2", "libtwo.so.3", "libthree3.so", "fips.so", "libfour.so"}) {
    files[std::string("/") + name].source = folder.path(name);
  }
  std::vector<std::string> warnings;
  strip_files(files, {.keep_symbols = {"/libfour*", "/nothing"}}, warnings);
  CHECK(files["/libone.so.1.2"].unstripped == "it is compared with a checksum of its own");
  CHECK(files["/libthree3.so"].unstripped == files["/libone.so.1.2"].unstripped);
  CHECK(files["/fips.so"].unstripped == files["/libone.so.1.2"].unstripped);
  CHECK(files["/libfour.so"].unstripped == "--keep-symbols");
  CHECK(files["/libtwo.so.3"].stripped > 1000);
  CHECK(files["/libtwo.so.3"].unstripped.empty());
  CHECK(warnings.size() == 1);
}

TEST_CASE("damaged headers lead nowhere") {
  ScratchFolder folder;
  const Bytes program = compiled(folder, "p", "");
  Elf64_Ehdr header;
  std::memcpy(&header, program.data(), sizeof header);
  std::mt19937_64 random(7);
  for (int round = 0; round < 4000; ++round) {
    Bytes damaged = program;
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      const std::uint64_t table = random() % 3;
      const std::uint64_t begin = table == 0 ? 0 : table == 1 ? header.e_phoff : header.e_shoff;
      const std::uint64_t size = table == 0   ? 64
                                 : table == 1 ? 56U * header.e_phnum
                                              : 64U * header.e_shnum;
      damaged[begin + random() % size] = static_cast<std::uint8_t>(random());
    }
    if (round % 10 == 0) damaged.resize(random() % damaged.size());
    const StrippedElf result = strip_elf(damaged);
    if (!result.pieces.empty()) CHECK(joined(result.pieces, damaged).size() == result.size);
  }
}

TEST_CASE("this machine's own programs and libraries") {
  std::size_t looked = 0;
  for (const char* place : {"/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/go",
                            "/usr/lib/debug", "/usr/local/bin", "/usr/lib/gcc"}) {
    std::error_code code;
    for (const auto& file : fs::recursive_directory_iterator(
             place, fs::directory_options::skip_permission_denied, code)) {
      if (file.is_symlink() || !file.is_regular_file() || file.file_size() > 20'000'000) continue;
      if (!begins_as_elf(file.path())) continue;
      CAPTURE(file.path());
      ++looked;
      const MappedFile mapped(file.path());
      const StrippedElf result = strip_elf(mapped.bytes());
      if (!result.pieces.empty()) stripped({mapped.bytes().begin(), mapped.bytes().end()});
    }
  }
  CHECK(looked > 300);
}

TEST_CASE("--strip makes a smaller bundle that runs the same, and says what went") {
  ScratchFolder folder;
  compiled(folder, "p", "");
  const Ran built = run(folder, "build ./p --strip -v -o a");
  REQUIRE_MESSAGE(built.status == 0, built.errors);
  CHECK(says(built.out, "taken off by --strip"));
  CHECK(says(built.out, " taken off)"));
  REQUIRE(run(folder, "build ./p --strip --json -o b --threads 1").status == 0);
  CHECK(read_file(folder.path("a")) == read_file(folder.path("b")));
  CHECK(says(run(folder, "inspect a --json").out, "\"stripped\": "));
  CHECK(says(run(folder, "inspect a").out, "taken off by --strip"));
  CHECK(run(folder, "verify a").status == 0);
  REQUIRE(run(folder, "build ./p -o whole -q").status == 0);
  CHECK_FALSE(says(run(folder, "inspect whole --json").out, "\"stripped\": "));
  CHECK(output_of(folder, "./a 1") == "6\n");
  CHECK(output_of(folder, "SCRATCHPACK_MODE=extract ./a") == "3\n");

  // Extraction gives the file that went in, and so does the plain root.
  REQUIRE(run(folder, "extract a out").status == 0);
  REQUIRE(run(folder, "build ./p --strip --format dir -o root").status == 0);
  const std::string inside = folder.path("p");
  CHECK(read_file(folder.path("out" + inside)) == read_file(folder.path("root" + inside)));
  CHECK(read_file(folder.path("out" + inside)) == stripped(read_file(inside)));

  CHECK(run(folder, "build ./p --keep-symbols p").status == 2);
  const Ran kept = run(folder, "build ./p --strip --keep-symbols '" + inside + "' -v -o a");
  CHECK(says(kept.out, "not stripped: --keep-symbols"));
}
