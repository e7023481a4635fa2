// Programs of tests/cases/programs, bundled and run where there is nothing but /proc.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/cases/bundle_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

const std::string kPrograms = std::string(SCRATCHPACK_SOURCE_DIR) + "/tests/cases/programs/";

/// Compiles a program into `folder` and bundles it with the tree of make_file_set() and helpers.
void build_bundle(const TemporaryFolder& folder, const std::string& compile,
                  const std::string& name, Compression compression) {
  REQUIRE(run(compile + " -O1 -w -o " + folder.path(name) + " " + kPrograms + name +
              (compile == "g++" ? ".cc -pthread" : ".c"))
              .output.empty());
  Made made = make_file_set(Mode::automatic, folder.path(name), {"/usr/bin/env", "/bin/sh"},
                            {"libz.so.1", "libgcc_s.so.1"});
  REQUIRE(made.start.mode == "in-place");
  std::filesystem::create_directories(folder.path("root/proc"));
  std::filesystem::create_directories(folder.path("root/dev"));
  pack(made, folder.path("root/program"), compression);
}

/// Runs the bundle as the only file of a root, /proc beside it.
/// `start`: the directory in it to start in, the path to start and argv[0].
Ran run_alone(const TemporaryFolder& folder, const std::string& start = "/ /program /program",
              const std::string& variable = "A=1") {
  return run("cat >" + folder.path("start.py") + R"( <<'END'
import os, sys
root, directory, path, name = sys.argv[1:]
os.chroot(root)
os.chdir(directory)
os.execv(path, [name])
END
)" + "unshare --mount sh -c 'mount -t proc proc " +
             folder.path("root/proc") + " && exec env -i PATH=/usr/bin:/bin:/sub " + variable +
             " /usr/bin/python3 " + folder.path("start.py") + " " + folder.path("root") + " " +
             start + "'");
}

/// Builds a program twice with the tool, as a plain root file system and as one file, and runs both
/// with the same arguments, alone in a root with /proc. They shall print the same.
void check_like_plain_root(const TemporaryFolder& folder, const std::string& name,
                           const std::string& data, const std::string& compression,
                           const std::string& arguments) {
  INFO(name << " " << compression);
  const std::string program = folder.path(name);
  REQUIRE(run("gcc -O1 -w -o " + program + " " + kPrograms + name + ".c").output.empty());
  const auto run_in = [&](const std::string& root) {
    std::filesystem::create_directories(root + "/proc");
    std::filesystem::create_directories(root + "/tmp");
    return run("unshare --mount sh -c 'mount -t proc proc " + root +
               "/proc && exec env -i /usr/sbin/chroot " + root + " " + program + " " + arguments +
               "'");
  };
  const std::string build = SCRATCHPACK_BINARY_DIR "/scratchpack build -q " + program + " " + data;
  const std::string plain = program + ".plain";
  const std::string bundle = program + "." + compression;
  std::filesystem::create_directories(bundle + folder.path(""));
  if (!std::filesystem::exists(plain))
    REQUIRE(run(build + " --format dir -o " + plain).status == 0);
  REQUIRE(run(build + " --compress " + compression + " -o " + bundle + program).status == 0);
  const Ran expected = run_in(plain);
  const Ran ran = run_in(bundle);
  CHECK(expected.status == 0);
  CHECK(ran.status == expected.status);
  CHECK(ran.output == expected.output);
}

void write_large_file(const std::string& path, std::size_t size) {
  std::ofstream file(path, std::ios::binary);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 1664525 + 1013904223;
    file.put(static_cast<char>(state >> 24));
  }
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("every path call answers as the order of look-up says") {
  REQUIRE(::geteuid() == 0);  // chroot
  const TemporaryFolder folder;
  build_bundle(folder, "gcc", "surface", Compression::none);
  const Ran ran = run_alone(folder);
  CHECK(ran.status == 0);
  CHECK(ran.output == read_text(kPrograms + "surface.expected"));
}

TEST_CASE("children start by every call, from every state a program can be in") {
  REQUIRE(::geteuid() == 0);
  for (const Compression compression : {Compression::none, Compression::fast}) {
    const TemporaryFolder folder;
    build_bundle(folder, "gcc -D_GNU_SOURCE", "children", compression);
    const Ran ran = run_alone(folder);
    CHECK(ran.status == 0);
    CHECK(ran.output == read_text(kPrograms + "children.expected"));
  }
}

TEST_CASE("a program that changes its root leaves the bundle's paths, and the timeline says so") {
  REQUIRE(::geteuid() == 0);
  const TemporaryFolder folder;
  build_bundle(folder, "gcc", "surface", Compression::none);
  const std::string note = "scratchpack: the program changed its root: bundled paths end here\n";
  const Ran told = run_alone(folder, "/ /program /program", "SCRATCHPACK_DEBUG=1");
  CHECK(told.status == 0);
  CHECK(told.output.find(note) != std::string::npos);
}

TEST_CASE("a program finds what was appended to its file, wherever the bundle lies") {
  REQUIRE(::geteuid() == 0);
  const std::string source =
      std::string(SCRATCHPACK_SOURCE_DIR) + "/tests/container/workloads/appended.c";
  for (const std::string compiler : {"gcc", "musl-gcc", "gcc -DLARGE", "musl-gcc -DLARGE"}) {
    const TemporaryFolder folder;
    // Above the size from which a file is read from the bundle itself.
    const std::string lines = compiler.ends_with("LARGE") ? "200000" : "20000";
    const std::string program = folder.path("appended");
    REQUIRE(run(compiler + " -O1 -D_GNU_SOURCE -o " + program + " " + source + " && seq " + lines +
                " >>" + program + " && printf %08d $(seq " + lines + " | wc -c) >>" + program)
                .output.empty());
    const std::string native = run(program).output;
    CHECK(native.find(" bytes, ") != std::string::npos);
    for (const Compression compression : {Compression::none, Compression::good}) {
      CAPTURE(compiler);
      const Made made = make_file_set(Mode::automatic, program, {}, {});
      REQUIRE(made.start.mode == "in-place");
      std::filesystem::create_directories(folder.path("root/proc"));
      std::filesystem::create_directories(folder.path("root/sub"));
      pack(made, folder.path("root/sub/program"), compression);
      for (const std::string start : {"/ /sub/program /sub/program", "/sub ./program ./program",
                                      "/ sub/program sub/program", "/ /sub/program program"}) {
        CAPTURE(start);
        CHECK(run_alone(folder, start).output == native);
      }
    }
  }
}

TEST_CASE("threads, signals, cancellation, exceptions and children are right in place") {
  REQUIRE(::geteuid() == 0);
  for (const Compression compression : {Compression::none, Compression::fast}) {
    const TemporaryFolder folder;
    build_bundle(folder, "g++", "storm", compression);
    const Ran ran = run_alone(folder);
    CHECK(ran.status == 0);
    CHECK(ran.output == read_text(kPrograms + "storm.expected"));
  }
}

TEST_CASE("a file is used through its descriptor as in the plain root") {
  REQUIRE(::geteuid() == 0);
  const TemporaryFolder folder;
  write_large_file(folder.path("large.bin"), (3 << 20) + 77);
  write_large_file(folder.path("small.bin"), 14000);
  const std::string files = "--add-data " + folder.path("large.bin") + ":/opt --add-data " +
                            folder.path("small.bin") + ":/opt ";
  for (const char* compression : {"none", "fast"}) {
    check_like_plain_root(folder, "descriptors", files, compression, "/opt/large.bin");
    check_like_plain_root(folder, "descriptors", files, compression, "/opt/small.bin");
  }
}

TEST_CASE("pointers that cannot be read or written are refused, not followed") {
  REQUIRE(::geteuid() == 0);
  const TemporaryFolder folder;
  std::ofstream(folder.path("file")) << "text\n";
  std::filesystem::create_directory(folder.path("tree"));
  std::filesystem::create_symlink("file", folder.path("tree/link"));
  std::ofstream(folder.path("tree/file")) << "text\n";
  check_like_plain_root(folder, "pointers", "--add-data " + folder.path("tree") + ":/opt/tree",
                        "none", "/opt/tree/file /opt/tree/link /opt/tree");
}

TEST_CASE("a child that shares its parent's memory changes its own working directory only") {
  REQUIRE(::geteuid() == 0);
  const TemporaryFolder folder;
  for (const char* name : {"one", "two"}) {
    std::filesystem::create_directory(folder.path(name));
    std::ofstream(folder.path(name) + "/" + name) << "text\n";
  }
  check_like_plain_root(folder, "vfork",
                        "--add-data " + folder.path("one") + ":/opt/one --add-data " +
                            folder.path("two") + ":/opt/two",
                        "none", "/opt/one /opt/two one");
}

TEST_CASE("a program that came as data runs where its linker came along") {
  REQUIRE(::geteuid() == 0);
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("tools"));
  std::filesystem::copy_file("/usr/bin/env", folder.path("tools/tool"));
  std::filesystem::create_directories(folder.path("root/proc"));
  for (const char* compression : {"none", "fast"}) {
    REQUIRE(run(SCRATCHPACK_BINARY_DIR "/scratchpack build -q /bin/sh --compress " +
                std::string(compression) + " --add-data " + folder.path("tools") +
                ":/opt/tools -o " + folder.path("root/program") + " -- -c '/opt/tools/tool -i A=1'")
                .status == 0);
    const Ran ran = run_alone(folder);
    CHECK(ran.status == 0);
    CHECK(ran.output == "A=1\n");
  }
}
