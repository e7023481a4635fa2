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
Ran run_alone(const TemporaryFolder& folder) {
  return run("unshare --mount sh -c 'mount -t proc proc " + folder.path("root/proc") +
             " && exec env -i PATH=/usr/bin:/bin /usr/sbin/chroot " + folder.path("root") +
             " /program'");
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
