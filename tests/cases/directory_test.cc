#include "bundler/write/directory.h"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "bundler/base/error.h"
#include "tests/cases/file_entries.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/skip.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;
using testing::directory;
using testing::generated;
using testing::link_to;

namespace {

FileSet small_set(const std::string& text = "library") {
  return {{"/lib", link_to("usr/lib")},
          {"/tmp", directory(01777)},
          {"/usr", directory()},
          {"/usr/lib", directory()},
          {"/usr/lib/a.so", generated(text, 0755)},
          {"/usr/lib/b", generated("", 0644)}};
}

std::string refusal(const std::string& path, bool force = false) {
  try {
    write_directory(small_set("new"), 0, path, force);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a folder holds exactly the set, with its modes and times whatever the umask") {
  ScratchFolder folder;
  mode_t mask = ::umask(077);
  std::uint64_t bytes = write_directory(small_set(), 1700000000, folder.path("out"), false);
  ::umask(mask);
  CHECK(bytes == 7);
  CHECK(output_of("find out -type d -printf '%P %m %T@\\n' -o -printf '%P %m %T@ %s %l\\n' | "
                  "LC_ALL=C sort",
                  folder.path()) ==
        " 755 1700000000.5257321170\n"
        "lib 777 1700000000.0000000000 7 usr/lib\n"
        "tmp 1777 1700000000.0000000000\n"
        "usr 755 1700000000.0000000000\n"
        "usr/lib 755 1700000000.0000000000\n"
        "usr/lib/a.so 755 1700000000.0000000000 7 \n"
        "usr/lib/b 644 1700000000.0000000000 0 \n");
  CHECK(output_of("ls -A", folder.path()) == "out\n");
}

TEST_CASE("a folder of ours is replaced whole, as a compiler replaces its output") {
  ScratchFolder folder;
  FileSet first = small_set();
  first["/usr/lib/gone"] = generated("gone");
  write_directory(first, 5, folder.path("out"), false);
  write_directory(small_set("second"), 7, folder.path("out/"), false);
  CHECK(output_of("cat out/usr/lib/a.so; ls out/usr/lib; ls -A", folder.path()) ==
        "seconda.so\nb\nout\n");
  CHECK(refusal(folder.path("out")) == "");
}

TEST_CASE("an empty folder is filled") {
  ScratchFolder folder;
  folder.run("mkdir out");
  CHECK(refusal(folder.path("out")) == "");
  CHECK(output_of("cat out/usr/lib/a.so", folder.path()) == "new");
}

TEST_CASE("a folder that others have written to is left alone without --force") {
  ScratchFolder folder;
  folder.write("mine/file", "precious");
  CHECK(says(refusal(folder.path("mine")), "replace it with --force"));
  write_directory(small_set(), 0, folder.path("ours"), false);
  folder.write("ours/added", "precious");
  CHECK(says(refusal(folder.path("ours")), "replace it with --force"));
  CHECK(output_of("cat mine/file ours/added; ls -A", folder.path()) ==
        "preciouspreciousmine\nours\n");
  CHECK(refusal(folder.path("mine"), true) == "");
  CHECK(output_of("ls mine", folder.path()) == "lib\ntmp\nusr\n");
}

TEST_CASE("neither a file, nor the working directory, nor what holds it is replaced") {
  ScratchFolder folder;
  folder.write("file", "precious");
  CHECK(says(refusal(folder.path("file"), true), "is no folder"));
  folder.link("link", "elsewhere");
  CHECK(says(refusal(folder.path("link"), true), "is no folder"));
  std::filesystem::path before = std::filesystem::current_path();
  folder.write("here/below/file", "precious");
  std::filesystem::current_path(folder.path("here/below"));
  CHECK(says(refusal(".", true), "working directory"));
  CHECK(says(refusal(folder.path("here"), true), "working directory"));
  CHECK(says(refusal("/", true), "working directory"));
  std::filesystem::current_path(before);
  CHECK(output_of("cat file here/below/file", folder.path()) == "preciousprecious");
}

TEST_CASE("a folder in which something is mounted is not replaced") {
  ScratchFolder folder;
  write_directory(small_set(), 0, folder.path("out"), false);
  folder.write("elsewhere/file", "precious");
  if (::mount(folder.path("elsewhere").c_str(), folder.path("out/tmp").c_str(), nullptr, MS_BIND,
              nullptr) != 0) {
    return skip("mounting is not permitted here");
  }
  CHECK(says(refusal(folder.path("out"), true), "something is mounted at"));
  ::umount2(folder.path("out/tmp").c_str(), MNT_DETACH);
  CHECK(output_of("cat elsewhere/file", folder.path()) == "precious");
  CHECK(refusal(folder.path("out")) == "");
}

TEST_CASE("a write that fails leaves the old folder and nothing else") {
  ScratchFolder folder;
  write_directory(small_set("old"), 0, folder.path("out"), false);
  FileSet files = small_set("new");
  files["/zz"] = FileEntry{.size = 5, .source = folder.path("missing")};
  CHECK_THROWS_AS(write_directory(files, 0, folder.path("out"), false), Error);
  CHECK(output_of("cat out/usr/lib/a.so; ls -A", folder.path()) == "oldout\n");
  CHECK_THROWS_AS(write_directory(files, 0, folder.path("no/such/parent"), false), Error);
}
