// ELF files as the walk sees them: kinds, names, and files that contradict themselves.
#include "bundler/find/elf_file.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <cstring>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

using Names = std::vector<std::string>;

ElfFile read(const std::string& path) {
  std::optional<ElfFile> elf = read_elf_file(path, path);
  REQUIRE(elf);
  return *elf;
}

std::string message_of(const Bytes& bytes) {
  try {
    read_elf(bytes, "x");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// The program header of a type, inside the bytes.
Elf64_Phdr* find_header(Bytes& bytes, std::uint32_t type) {
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  auto* table = reinterpret_cast<Elf64_Phdr*>(bytes.data() + header->e_phoff);
  for (int i = 0; i < header->e_phnum; ++i) {
    if (table[i].p_type == type) return &table[i];
  }
  FAIL("no such program header");
  return nullptr;
}

}  // namespace

TEST_CASE("programs, static programs and shared libraries are told apart") {
  ScratchFolder folder;
  folder.write("main.c", "int main(void) { return 0; }");
  folder.write("library.c", "int f(void) { return 0; }");
  folder.run("gcc main.c -o pie && gcc -no-pie main.c -o fixed && gcc -static main.c -o static");
  folder.run("gcc -static-pie main.c -o static-pie && gcc -shared -fPIC library.c -o library.so");
  folder.run("musl-gcc main.c -o musl && gcc -c main.c -o object.o");
  CHECK(read(folder.path("pie")).kind == ElfKind::dynamic_program);
  CHECK(read(folder.path("fixed")).kind == ElfKind::dynamic_program);
  CHECK(read(folder.path("musl")).kind == ElfKind::dynamic_program);
  CHECK(read(folder.path("musl")).interpreter == "/lib/ld-musl-x86_64.so.1");
  CHECK(read(folder.path("static")).kind == ElfKind::static_program);
  CHECK(read(folder.path("static-pie")).kind == ElfKind::static_program);
  CHECK(read(folder.path("library.so")).kind == ElfKind::shared_library);
  CHECK(read(folder.path("object.o")).kind == ElfKind::other);
}

TEST_CASE("a library that answers when run is still a library") {
  CHECK(read("/lib/x86_64-linux-gnu/libc.so.6").kind == ElfKind::shared_library);
  CHECK(read("/lib64/ld-linux-x86-64.so.2").kind == ElfKind::shared_library);
}

TEST_CASE("names and flags of the dynamic section are read in order") {
  ScratchFolder folder;
  folder.write("library.c", "int f(void) { return 0; }");
  folder.run("gcc -shared -fPIC library.c -Wl,-soname,liba.so.1 -o liba.so");
  folder.run("gcc -shared -fPIC library.c -Wl,-soname,libb.so.2 -o libb.so");
  folder.run(
      "gcc -shared -fPIC library.c -Wl,--no-as-needed -L. -lb -la -Wl,-z,nodefaultlib "
      "-Wl,--disable-new-dtags,-rpath,'$ORIGIN/x:/y' -Wl,-F,libf.so -Wl,-f,libx.so -o libr.so");
  folder.run("gcc -shared -fPIC library.c -Wl,--enable-new-dtags,-rpath,/z -o libn.so");
  ElfFile elf = read(folder.path("libr.so"));
  CHECK(elf.needed == Names{"libb.so.2", "liba.so.1", "libc.so.6"});
  CHECK(elf.rpath == "$ORIGIN/x:/y");
  CHECK_FALSE(elf.runpath);
  CHECK(elf.no_default);
  CHECK(elf.filters == Names{"libf.so"});
  CHECK(elf.auxiliaries == Names{"libx.so"});
  CHECK(read(folder.path("libn.so")).runpath == "/z");
  CHECK(read(folder.path("liba.so")).soname == "liba.so.1");
}

TEST_CASE("a file without section headers is read like any other") {
  Bytes bytes = read_file("/bin/ls");
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header->e_shoff = header->e_shnum = header->e_shstrndx = 0;
  CHECK(read_elf(bytes, "x")->needed == read("/bin/ls").needed);
}

TEST_CASE("files of other machines are recognised and not looked into") {
  Bytes bytes(20);
  std::memcpy(bytes.data(), "\177ELF\1\1\1", 7);
  bytes[16] = ET_EXEC;
  bytes[18] = EM_386;
  CHECK(read_elf(bytes, "x")->architecture() == "32-bit x86");
  bytes[4] = ELFCLASS64;
  bytes[18] = EM_AARCH64;
  CHECK(read_elf(bytes, "x")->architecture() == "AArch64");
  CHECK_FALSE(read_elf(bytes, "x")->is_native());
  bytes[5] = ELFDATA2MSB;
  bytes[18] = 0;
  bytes[19] = EM_S390;
  CHECK(read_elf(bytes, "x")->architecture() == "IBM Z");
  bytes.resize(19);
  CHECK(message_of(bytes) ==
        "read x: damaged ELF file: shorter than its header (replace the file)");
  CHECK_FALSE(read_elf(Bytes{'#', '!', '/'}, "x"));
  CHECK_FALSE(read_elf(Bytes{}, "x"));
}

TEST_CASE("every offset that leads outside of the file is an error that names the file") {
  const Bytes whole = read_file("/bin/ls");
  Bytes bytes = whole;
  bytes.resize(100);
  CHECK(message_of(bytes).find("read x: damaged ELF file: the program header table") == 0);
  bytes = whole;
  find_header(bytes, PT_INTERP)->p_offset = ~std::uint64_t{0} - 4;
  CHECK(message_of(bytes).find("the name of its interpreter lies outside") != std::string::npos);
  bytes = whole;
  find_header(bytes, PT_INTERP)->p_filesz = 5;
  CHECK(message_of(bytes).find("the name of its interpreter has no end") != std::string::npos);
  bytes = whole;
  find_header(bytes, PT_DYNAMIC)->p_vaddr = ~std::uint64_t{0} - 7;
  CHECK(message_of(bytes).find("the dynamic section is not in a loaded") != std::string::npos);
  bytes = whole;
  find_header(bytes, PT_LOAD)->p_filesz = ~std::uint64_t{0};
  CHECK(message_of(bytes).find("lies outside of the file") != std::string::npos);
  bytes = whole;
  auto* entry =
      reinterpret_cast<Elf64_Dyn*>(bytes.data() + find_header(bytes, PT_DYNAMIC)->p_offset);
  REQUIRE(entry->d_tag == DT_NEEDED);
  entry->d_un.d_val = ~std::uint64_t{0};
  CHECK(message_of(bytes).find("a name lies outside of the string table") != std::string::npos);
}
