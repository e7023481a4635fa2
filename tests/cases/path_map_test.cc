#include "runtime/path_map.h"

#include <doctest/doctest.h>

#include <random>

#include "bundler/base/file.h"
#include "tests/cases/bundle_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

/// The payload of a bundle in memory.
struct Loaded {
  explicit Loaded(const std::string& path) : file(path) {
    // The payload begins at the first page that holds its magic bytes.
    const auto bytes = file.bytes();
    for (std::size_t at = 0; at + sizeof(PayloadHeader) <= bytes.size(); at += kPageSize) {
      if (std::equal(kMagic, kMagic + sizeof kMagic, bytes.data() + at,
                     [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
        const auto* header = reinterpret_cast<const PayloadHeader*>(bytes.data() + at);
        problem = open_payload(bytes.data() + at, header->payload_size, payload);
        return;
      }
    }
  }
  std::string find(const std::string& path, bool follow = true) const {
    const Walk walk = walk_path(payload, Walk{}, path.c_str(), follow);
    return walk.found() ? payload.path(walk.found_entry(payload)) : "";
  }
  MappedFile file;
  Payload payload;
  const char* problem = "no payload";
};

struct Fixture {
  Fixture() {
    pack(made, folder.path("bundle"), Compression::none);
    loaded = std::make_unique<Loaded>(folder.path("bundle"));
  }
  TemporaryFolder folder;
  Made made = make_file_set();
  std::unique_ptr<Loaded> loaded;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a path leads where the kernel would be led") {
  REQUIRE(loaded->problem == nullptr);
  CHECK(loaded->find("/opt/tree/data.txt") == "/opt/tree/data.txt");
  CHECK(loaded->find("//opt/./tree//data.txt") == "/opt/tree/data.txt");
  CHECK(loaded->find("/opt/tree/sub/../data.txt") == "/opt/tree/data.txt");
  CHECK(loaded->find("/../opt/tree/data.txt") == "/opt/tree/data.txt");
  CHECK(loaded->find("/opt/tree/") == "/opt/tree");
}

TEST_CASE_FIXTURE(Fixture, "links in the middle are followed, the last one only when asked") {
  CHECK(loaded->find("/opt/link/data.txt") == "/opt/tree/data.txt");
  CHECK(loaded->find("/opt/absolute/inner.txt") == "/opt/tree/sub/inner.txt");
  CHECK(loaded->find("/opt/tree/up/tree/up/link/sub") == "/opt/tree/sub");
  CHECK(loaded->find("/opt/link", true) == "/opt/tree");
  CHECK(loaded->find("/opt/link", false) == "/opt/link");
  CHECK(loaded->find("/opt/link/", false) == "/opt/tree");
  CHECK(loaded->find("/opt/absolute/../data.txt") == "/opt/tree/data.txt");
}

TEST_CASE_FIXTURE(Fixture, "what is not there is not found") {
  CHECK(loaded->find("/opt/tree/nothing").empty());
  CHECK(loaded->find("/opt/tre").empty());
  CHECK(loaded->find("/opt/tree/data.txt/more").empty());
  CHECK(loaded->find("/opt/broken").empty());
  CHECK(loaded->find("/opt/broken", false) == "/opt/broken");
  CHECK(loaded->find("/proc/self/exe").empty());
  CHECK(walk_path(loaded->payload, Walk{}, "/opt/loop", true).loop);
  CHECK(loaded->find("/" + std::string(5000, 'a')).empty());
}

TEST_CASE_FIXTURE(Fixture, "a relative path goes on from where it starts") {
  const Walk start = walk_path(loaded->payload, Walk{}, "/opt/link", true);
  const Walk walk = walk_path(loaded->payload, start, "../link/sub/inner.txt", true);
  REQUIRE(walk.found());
  CHECK(loaded->payload.path(*walk.entry) == std::string("/opt/tree/sub/inner.txt"));
  const Walk outside = walk_path(loaded->payload, Walk{}, "/home/somebody", true);
  CHECK(outside.unknown == 2);
  CHECK(walk_path(loaded->payload, outside, "../../opt/tree", true).found());
}

TEST_CASE_FIXTURE(Fixture, "random paths lead where the sysroot's own resolver is led") {
  // The oracle: the same tree as files, followed by the code that walks the build machine's.
  const Ran extracted =
      run("SCRATCHPACK_RUN=extract=" + folder.path("tree") + " " + folder.path("bundle"));
  REQUIRE(extracted.status == 0);
  const Sysroot sysroot(folder.path("tree"));
  const char* names[] = {"opt",      "tree",      "sub",  "link",   "up",     "absolute",
                         "data.txt", "inner.txt", "loop", "broken", "usr",    "bin",
                         "env",      "lib",       ".",    "..",     "nothing"};
  std::mt19937 random(1);
  int found = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string path;
    const int depth = 1 + static_cast<int>(random() % 6);
    for (int k = 0; k < depth; ++k) path += "/" + std::string(names[random() % std::size(names)]);
    const std::string expected = sysroot.resolve(path).value_or("");
    const std::string got = loaded->find(path);
    CAPTURE(path);
    // Below a name that is missing, `..` is taken by its text (README, limits): only there may the
    // two differ.
    if (!expected.empty()) CHECK(got == expected);
    if (expected.empty() && path.find("..") == std::string::npos &&
        path.find("up") == std::string::npos) {
      CHECK(got.empty());
    }
    found += expected.empty() ? 0 : 1;
  }
  CHECK(found > 500);
}
