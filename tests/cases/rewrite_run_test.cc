// Programs run on rewritten C libraries: without a handler they must not notice, with one they
// must get its answers, and signals, cancellation and exceptions must work at any moment.
#include <doctest/doctest.h>
#include <elf.h>

#include <cstdio>
#include <cstring>

#include "tests/cases/c_libraries.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

std::string hexadecimal(std::uint64_t value) {
  char out[20];
  std::snprintf(out, sizeof out, "%llx", static_cast<unsigned long long>(value));
  return out;
}

/// A rewritten C library in a folder of its own, with the command that starts a program on it.
struct Rewritten {
  std::string start;
  std::string slot;  // of the C library
};

Rewritten install(const CLibrary& one, const ScratchFolder& folder, const std::string& name) {
  folder.run("mkdir " + name);
  std::string linker = folder.path(name + "/linker");
  if (one.musl) {
    auto both = rewrite_proved(one.library, RewriteRole::both);
    write_program(linker, both.image);
    return {linker, hexadecimal(both.slot_address)};
  }
  auto library = rewrite_proved(one.library, RewriteRole::library);
  write_program(folder.path(name + "/libc.so.6"), library.image);
  write_program(linker, rewrite_proved(one.linker, RewriteRole::linker).image);
  return {linker + " --library-path " + folder.path(name), hexadecimal(library.slot_address)};
}

const std::string kProgram = SCRATCHPACK_SOURCE_DIR "/tests/cases/programs/rewritten_libc.cc";

}  // namespace

TEST_CASE("without a handler real programs do on a rewritten C library what they do natively") {
  ScratchFolder folder;
  const std::vector<std::string> commands = {
      "/bin/ls -la /usr",
      "/bin/sh -c 'for i in 1 2 3; do echo $i | cat; done; test -e /nowhere || echo missing'",
      "/usr/bin/python3 -c 'import subprocess, os, json; print(subprocess.run([\"ls\", \"/etc\"], "
      "capture_output=True).stdout[:60], os.path.exists(\"/nowhere\"), sorted(os.listdir(\"/\")))'",
      "/usr/bin/find /etc -maxdepth 1 -name 'pass*'",
      "/usr/bin/env -i LC_ALL=C.UTF-8 TZ=Asia/Seoul /bin/date -d @0",
  };
  int number = 0;
  for (const auto& one : c_libraries()) {
    if (one.musl) continue;
    INFO(one.version);
    auto rewritten = install(one, folder, std::to_string(number++));
    for (const auto& command : commands) {
      INFO(command);
      int native_status = -1;
      int status = -1;
      auto native = output_of(command, "/", &native_status);
      CHECK(native_status == 0);
      CHECK(output_of(rewritten.start + " " + command, "/", &status) == native);
      CHECK(status == 0);
      CHECK_FALSE(native.empty());
    }
  }
}

TEST_CASE("a musl without a note gives up the header that asks for no larger stack") {
  ScratchFolder folder;
  folder.write("hello.c",
               "int puts(const char*);\nint main(void) { return puts(\"hello\") < 0; }\n");
  folder.run("musl-gcc -o hello hello.c");
  for (const auto& one : c_libraries()) {
    if (!one.musl) continue;
    INFO(one.version);
    auto original = read_file(one.library);
    Elf64_Ehdr header;
    std::memcpy(&header, original.data(), sizeof header);
    for (std::size_t i = 0; i < header.e_phnum; i++) {
      std::uint8_t* at = original.data() + header.e_phoff + i * sizeof(Elf64_Phdr);
      const std::uint32_t kMeaningless = PT_LOOS + 0x1234;
      std::uint32_t type = 0;
      std::memcpy(&type, at, sizeof type);
      if (type == PT_NOTE) std::memcpy(at, &kMeaningless, sizeof kMeaningless);
    }
    auto out = rewrite(original, RewriteRole::both, one.version);
    CHECK(needed_sites_rewritten(out));
    CHECK(verify_rewrite(original, out, RewriteRole::both).empty());
    CHECK_FALSE(verify_rewrite(original, out, RewriteRole::library).empty());
    write_program(folder.path("musl"), out.image);
    CHECK(output_of("./musl ./hello", folder.path()) == "hello\n");
    auto glibc = rewrite(original, RewriteRole::library, one.version);
    CHECK_FALSE(needed_sites_rewritten(glibc));
  }
}

TEST_CASE("a handler's answers arrive, and cancellation and exceptions pass through every thunk") {
  ScratchFolder folder;
  folder.run("c++ -O0 -Wall -Wextra -Werror -fnon-call-exceptions -I" SCRATCHPACK_SOURCE_DIR
             " -o on-glibc " +
             kProgram + " -pthread");
  folder.run(
      "musl-gcc -x c++ -D_GNU_SOURCE -O1 -Wall -Wextra -Werror -fno-exceptions -fno-rtti "
      "-I" SCRATCHPACK_SOURCE_DIR " -o on-musl " +
      kProgram);
  int number = 0;
  for (const auto& one : c_libraries()) {
    INFO(one.version);
    auto rewritten = install(one, folder, std::to_string(number++));
    std::string program = folder.path(one.musl ? "on-musl" : "on-glibc");
    auto part = [&](const std::string& name) {
      return output_of("timeout 120 " + rewritten.start + " " + program + " " + rewritten.slot +
                           " " + name + " 2>&1",
                       "/");
    };
    CHECK(part("calls") == "calls answered and declined\n");
    CHECK(part("cancel") == "cancelled while blocked and while asking\n");
    if (!one.musl) CHECK(part("unwind") == "exceptions and backtraces from signals\n");
  }
}
