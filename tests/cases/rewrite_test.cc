// The rewriting on real C libraries and linkers, and the verifier on results made wrong.
#include "bundler/content/rewrite.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

#include "bundler/content/rewrite_disassemble.h"
#include "tests/cases/c_libraries.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

using Kind = RewriteSite::Kind;

/// Of each version that was looked at: sites whose number is not known, which are always rewritten,
/// and sites whose `syscall` had to move. (What matters, and so what may move, follows from
/// runtime/calls.h.) musl's file is both library and linker.
struct Golden {
  long unknown;
  long moved;
};
const std::map<std::string, Golden> kGolden = {
    {"libc6 2.36-9+deb12u14 libc.so.6", {3, 2}},
    {"libc6 2.36-9+deb12u14 ld-linux-x86-64.so.2", {1, 1}},
    {"libc6 2.41-12+deb13u5 libc.so.6", {6, 1}},
    {"libc6 2.41-12+deb13u5 ld-linux-x86-64.so.2", {1, 2}},
    {"libc6 2.43-7 libc.so.6", {5, 2}},
    {"libc6 2.43-7 ld-linux-x86-64.so.2", {0, 1}},
    {"musl 1.2.3-1 libc.so", {14, 7}},
    {"musl 1.2.5-3.1~deb13u1 libc.so", {15, 11}},
    {"musl 1.2.6-2 libc.so", {14, 9}},
};

void check_counts(const CLibrary& of, const std::string& path, RewriteRole role) {
  auto out = rewrite_proved(path, role);
  CHECK(out.sites.size() > 10);
  auto count = [&out](Kind kind) {
    return std::count_if(out.sites.begin(), out.sites.end(),
                         [kind](const auto& site) { return site.kind == kind; });
  };
  std::string name = of.version + " " + path.substr(path.rfind('/') + 1);
  long moved = count(Kind::moved);
  long unknown = std::count_if(out.sites.begin(), out.sites.end(),
                               [](const auto& site) { return site.number == -1; });
  std::printf("%s: %zu sites, %ld kept, %ld moved; of %ld the number is not known\n", name.c_str(),
              out.sites.size(), long{count(Kind::kept)}, moved, unknown);
  auto golden = kGolden.find(name);
  if (golden == kGolden.end()) return;
  CHECK(moved == golden->second.moved);
  CHECK(unknown == golden->second.unknown);
}

std::size_t occurrences(const Bytes& in, const Bytes& of) {
  std::size_t out = 0;
  for (auto at = in.begin(); (at = std::search(at, in.end(), of.begin(), of.end())) != in.end();
       ++at) {
    out++;
  }
  return out;
}

}  // namespace

TEST_CASE("every needed system call of every C library and linker at hand is rewritten") {
  auto all = c_libraries();
  CHECK(all.size() >= 2);
  for (const auto& one : all) {
    if (one.musl) {
      check_counts(one, one.library, RewriteRole::both);
    } else {
      check_counts(one, one.library, RewriteRole::library);
      check_counts(one, one.linker, RewriteRole::linker);
    }
  }
}

TEST_CASE("the disassembly sees exactly the system calls that objdump sees") {
  for (const auto& one : c_libraries()) {
    if (one.library.starts_with(SCRATCHPACK_BINARY_DIR)) continue;  // the machine's own suffice
    auto bytes = read_file(one.library);
    ElfView elf(bytes, one.library);
    Disassembly code(elf);
    std::string ours;
    for (const auto& instruction : code.instructions()) {
      char line[32];
      if (instruction.flow != Flow::system_call) continue;
      std::snprintf(line, sizeof line, "%llx\n",
                    static_cast<unsigned long long>(instruction.address));
      ours += line;
    }
    auto theirs = output_of("objdump -d -w --no-show-raw-insn " + one.library +
                                " | sed -n 's/^ *\\([0-9a-f]*\\):\\tsyscall *$/\\1/p'",
                            "/");
    CHECK(ours == theirs);
    CHECK_FALSE(ours.empty());
  }
}

TEST_CASE("the code that returns from signals, which unwinders know by its bytes, is untouched") {
  const Bytes kReturn = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
  for (const auto& one : c_libraries()) {
    auto original = read_file(one.library);
    auto out = rewrite(original, RewriteRole::both, one.version);
    CHECK(occurrences(original, kReturn) > 0);
    CHECK(occurrences(original, kReturn) == occurrences(out.image, kReturn));
  }
}

TEST_CASE("rewriting twice gives the same bytes") {
  auto original = read_file("/lib64/ld-linux-x86-64.so.2");
  CHECK(rewrite(original, RewriteRole::linker, "a").image ==
        rewrite(original, RewriteRole::linker, "b").image);
}

TEST_CASE("what is no ELF64 x86-64 file is refused by name") {
  auto original = read_file("/lib64/ld-linux-x86-64.so.2");
  auto refusal = [](const Bytes& bytes) -> std::string {
    try {
      rewrite(bytes, RewriteRole::linker, "NAME");
    } catch (const std::exception& error) {
      return error.what();
    }
    return "taken";
  };
  CHECK(refusal({}) == "rewrite NAME: too short for an ELF file");
  CHECK(refusal(Bytes(100, 'x')) == "rewrite NAME: not an ELF file");
  auto other = original;
  other[EI_CLASS] = ELFCLASS32;
  CHECK(refusal(other) == "rewrite NAME: not an ELF64 x86-64 file");
  other = Bytes(original.begin(), original.begin() + 4096);
  CHECK(refusal(other) == "rewrite NAME: a segment lies outside the file");
}

TEST_CASE("the verifier notices any byte that is not what it must be") {
  ScratchFolder folder;
  folder.run("cc -shared -nostdlib -x assembler-with-cpp " SCRATCHPACK_SOURCE_DIR
             "/tests/cases/rewrite_windows.S -Wl,--build-id -o windows.so");
  auto original = read_file(folder.path("windows.so"));
  const auto good = rewrite(original, RewriteRole::library, "windows.so");
  REQUIRE(verify_rewrite(original, good, RewriteRole::library).empty());
  CHECK_FALSE(verify_rewrite(original, good, RewriteRole::linker).empty());

  // In the added segment nothing but the filling between pieces is free to differ, up to where
  // unwind data begins with its CIE.
  const Bytes kCommon = {0x00, 0x00, 0x00, 0x00, 0x01, 'z', 'R', 0x00};
  auto segment = good.image.begin() + static_cast<std::ptrdiff_t>(good.segment_offset);
  auto unwind = std::search(segment, good.image.end(), kCommon.begin(), kCommon.end()) - 4;
  REQUIRE(unwind < good.image.end() - 4096);
  std::size_t tried = 0;
  auto spoil = [&](std::size_t offset) {
    auto bad = good;
    bad.image[offset] ^= 0x10;
    tried++;
    INFO(offset);
    CHECK_FALSE(verify_rewrite(original, bad, RewriteRole::library).empty());
  };
  for (auto at = segment; at != unwind; ++at) {
    if (*at != 0xcc) spoil(static_cast<std::size_t>(at - good.image.begin()));
  }
  for (std::size_t offset = 0; offset < original.size(); offset += 7) spoil(offset);
  for (const auto& undo : good.undo) {
    for (std::size_t i = 0; i < undo.bytes.size(); i++) spoil(undo.offset + i);
  }
  for (std::size_t i = 1; i <= 4096; i += 97) spoil(good.image.size() - i);
  CHECK(tried > 2000);
}

TEST_CASE("the verifier notices wrong bookkeeping") {
  auto original = read_file("/lib64/ld-linux-x86-64.so.2");
  const auto good = rewrite(original, RewriteRole::linker, "ld.so");
  auto faults = [&](auto change) {
    auto bad = good;
    change(bad);
    return verify_rewrite(original, bad, RewriteRole::linker).size();
  };
  CHECK(faults([](auto&) {}) == 0);
  CHECK(faults([](auto& bad) { bad.slot_address += 4096; }) > 0);
  CHECK(faults([](auto& bad) { bad.slot_address = 0; }) > 0);
  CHECK(faults([](auto& bad) { bad.segment_offset -= 4096; }) > 0);
  CHECK(faults([](auto& bad) { bad.original_size -= 1; }) > 0);
  CHECK(faults([](auto& bad) { bad.undo.pop_back(); }) > 0);
  CHECK(faults([](auto& bad) { bad.undo.front().offset = UINT64_MAX; }) > 0);
  CHECK(faults([](auto& bad) { bad.sites.pop_back(); }) > 0);
  CHECK(faults([](auto& bad) { bad.sites.front().kind = Kind::unpatchable; }) > 0);
  CHECK(faults([](auto& bad) { bad.image.erase(bad.image.end() - 4096, bad.image.end()); }) > 0);
  CHECK(faults([](auto& bad) { bad.image.erase(bad.image.begin() + 100, bad.image.end()); }) > 0);
}
