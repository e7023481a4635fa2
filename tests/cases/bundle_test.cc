#include "bundler/read/bundle.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "runtime/format.h"
#include "tests/cases/bundle_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

std::size_t payload_offset(const Bytes& bundle) {
  for (std::size_t at = 0; at + sizeof kMagic < bundle.size(); at += kPageSize) {
    if (std::memcmp(bundle.data() + at, kMagic, sizeof kMagic) == 0) return at;
  }
  return 0;
}

void write(const std::string& path, const Bytes& bytes) {
  AtomicFile file(path, 0755);
  file.write(bytes);
  file.commit();
}

PayloadHeader& header_of(Bytes& bundle) {
  return *reinterpret_cast<PayloadHeader*>(bundle.data() + payload_offset(bundle));
}

/// The table's checksum made right again, as somebody who means harm would.
void reseal(Bytes& bundle) {
  PayloadHeader& header = header_of(bundle);
  PayloadHeader clean = header;
  clean.table_checksum = 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&clean);
  const std::uint64_t size = header.table_size;
  if (size < sizeof header || size > bundle.size() - payload_offset(bundle)) return;
  header.table_checksum = xxh64_seeded(
      std::span(bundle).subspan(payload_offset(bundle) + sizeof header, size - sizeof header),
      xxh64({bytes, sizeof clean}));
}

/// Opens, lists, decodes and verifies; whatever a file holds, the outcome is success or an Error.
void read_everything(const std::string& path) {
  try {
    const Bundle bundle = Bundle::open(path);
    bundle.verify({});
    for (std::size_t i = 0; i < bundle.entries().size(); ++i) {
      if (bundle.entries()[i].kind == "file" && bundle.entries()[i].size < (1 << 20)) {
        bundle.content(i);
      }
    }
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
  }
}

int lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("every content is read back as it was, raw or compressed, rewritten or not") {
  const TemporaryFolder folder;
  const Made made = make_file_set();
  REQUIRE(made.start.mode == "in-place");
  for (const Compression compression : {Compression::none, Compression::good, Compression::best}) {
    pack(made, folder.path("bundle"), compression);
    const Bundle bundle = Bundle::open(folder.path("bundle"));
    CHECK(bundle.verify({}).empty());
    CHECK(bundle.manifest() == "{\"version\":1}");
    REQUIRE(bundle.entries().size() == made.files.size());
    int rewritten = 0;
    for (std::size_t i = 0; i < bundle.entries().size(); ++i) {
      const BundleEntry& entry = bundle.entries()[i];
      const FileEntry& file = made.files.at(entry.path);
      CHECK(entry.mode == file.mode);
      CHECK(entry.target == file.target);
      if (file.kind != FileKind::file) continue;
      const EntryContent content(file);
      CHECK(std::ranges::equal(bundle.content(i), content.bytes()));
      rewritten += entry.rewritten ? 1 : 0;
      if (entry.rewritten) CHECK_FALSE(std::ranges::equal(bundle.image(i), content.bytes()));
    }
    CHECK(rewritten == 2);  // the linker and the C library
  }
}

TEST_CASE("identical contents are stored once") {
  const TemporaryFolder folder;
  const OnefileResult result = pack(make_file_set(), folder.path("bundle"), Compression::none);
  CHECK(result.stored.at("/opt/tree/copy.txt") + result.stored.at("/opt/tree/data.txt") == 10);
}

TEST_CASE("what the start opens lies first, and the header says how much that is") {
  const TemporaryFolder folder;
  for (const Compression compression : {Compression::none, Compression::good}) {
    pack(make_file_set(), folder.path("bundle"), compression);
    Bytes bundle = read_file(folder.path("bundle"));
    const PayloadHeader& header = header_of(bundle);
    const auto* payload = reinterpret_cast<const std::uint8_t*>(&header);
    const auto* entries = reinterpret_cast<const Entry*>(payload + header.entries);
    const auto* frames = reinterpret_cast<const Frame*>(payload + header.frames);
    const auto* lists = reinterpret_cast<const std::uint32_t*>(payload + header.lists);
    const Entry& program = entries[header.launch.program];
    const std::vector<std::uint32_t> first(lists + program.first_listed,
                                           lists + program.first_listed + program.listed_count);
    REQUIRE(first.size() >= 3);  // env, its linker, libc
    for (std::uint32_t i = 0; i < header.entry_count; ++i) {
      if (entries[i].kind != kKindFile || entries[i].size == 0) continue;
      const bool raw = entries[i].method == kMethodRaw;
      const std::uint64_t at = raw ? entries[i].offset : frames[entries[i].first_frame].offset;
      const bool listed = std::ranges::find(first, i) != first.end();
      CHECK((at < header.start_size) == listed);
    }
  }
}

TEST_CASE("the bytes do not depend on the number of threads") {
  const TemporaryFolder folder;
  const Made made = make_file_set();
  pack(made, folder.path("one"), Compression::good, 1);
  pack(made, folder.path("two"), Compression::good, 2);
  CHECK(read_file(folder.path("one")) == read_file(folder.path("two")));
}

TEST_CASE("a bundle runs after strip, and says in one line when it was cut short") {
  const TemporaryFolder folder;
  for (const Compression compression : {Compression::none, Compression::fast, Compression::best}) {
    pack(make_file_set(), folder.path("bundle"), compression);
    CHECK(run("A=b " + folder.path("bundle") + " -i X=1 " + folder.path("bundle") + " -i Y=2 " +
              folder.path("bundle"))
              .output == "Y=2\n");
    REQUIRE(run("strip " + folder.path("bundle")).status == 0);
    CHECK(run(folder.path("bundle") + " --version").status == 0);
    const Bytes whole = read_file(folder.path("bundle"));
    for (const std::size_t size : {whole.size() - 9000, whole.size() / 2, std::size_t{150000},
                                   std::size_t{20000}, std::size_t{4096}}) {
      write(folder.path("cut"), Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
      const Ran ran = run(folder.path("cut"));
      CAPTURE(size);
      CHECK(ran.status == 125);
      CHECK(lines(ran.output) == 1);
      CHECK_THROWS_AS(Bundle::open(folder.path("cut")), Error);
    }
  }
}

TEST_CASE("a flipped bit is found: in the table at every start, in a content by verify") {
  const TemporaryFolder folder;
  pack(make_file_set(), folder.path("bundle"), Compression::none);
  const Bytes whole = read_file(folder.path("bundle"));
  std::mt19937 random(2);
  for (int i = 0; i < 60; ++i) {
    Bytes damaged = whole;
    const std::size_t begin = payload_offset(damaged);
    const std::uint64_t table = header_of(damaged).table_size;
    damaged[begin + random() % table] ^= static_cast<std::uint8_t>(1U << random() % 8);
    write(folder.path("damaged"), damaged);
    const Ran ran = run(folder.path("damaged"));
    CAPTURE(ran.output);
    CHECK(ran.status == 125);
    CHECK(lines(ran.output) == 1);
    CHECK_THROWS_AS(Bundle::open(folder.path("damaged")), Error);
  }
  Bytes damaged = whole;
  damaged[payload_offset(damaged) + header_of(damaged).table_size + 40000] ^= 4;
  write(folder.path("damaged"), damaged);
  CHECK(Bundle::open(folder.path("damaged")).verify({}).size() == 1);
}

TEST_CASE("damage in a compressed content is found while it is decoded") {
  const TemporaryFolder folder;
  pack(make_file_set(), folder.path("bundle"), Compression::good);
  Bytes damaged = read_file(folder.path("bundle"));
  const std::size_t middle =
      payload_offset(damaged) + (header_of(damaged).table_size + header_of(damaged).manifest) / 2;
  for (std::size_t i = 0; i < 64; ++i) damaged[middle + i * 997 % 20000] ^= 0x5a;
  write(folder.path("damaged"), damaged);
  for (const char* mode : {"in-place", "extract"}) {
    const Ran ran = run(std::string("SCRATCHPACK_MODE=") + mode +
                        " SCRATCHPACK_DIR=" + folder.path("") + " " + folder.path("damaged"));
    CHECK(ran.status == 125);
    CHECK(lines(ran.output) == 1);
  }
  CHECK(run("ls -A " + folder.path("")).output == "bundle\ndamaged\n");  // nothing left behind
}

TEST_CASE("only a bundle that needs a newer format has its number") {
  const TemporaryFolder folder;
  for (const Compression compression : {Compression::good, Compression::best}) {
    pack(make_file_set(), folder.path("bundle"), compression);
    Bytes bytes = read_file(folder.path("bundle"));
    CHECK(header_of(bytes).version == (compression == Compression::best ? kFormatVersion : 1));
  }
}

TEST_CASE("a newer format is refused by name") {
  const TemporaryFolder folder;
  pack(make_file_set(), folder.path("bundle"), Compression::none);
  Bytes newer = read_file(folder.path("bundle"));
  header_of(newer).version = kFormatVersion + 1;
  reseal(newer);
  write(folder.path("newer"), newer);
  const Ran ran = run(folder.path("newer"));
  CHECK(ran.status == 125);
  CHECK(ran.output.find("newer format") != std::string::npos);
  CHECK(lines(ran.output) == 1);
  CHECK_THROWS_WITH_AS(Bundle::open(folder.path("newer")), doctest::Contains("newer format"),
                       Error);
}

TEST_CASE("fuzz: no table, however wrong, takes the reader down") {
  const TemporaryFolder folder;
  const Made made = make_file_set();
  for (const Compression compression : {Compression::none, Compression::fast}) {
    pack(made, folder.path("bundle"), compression);
    const Bytes whole = read_file(folder.path("bundle"));
    std::mt19937_64 random(3);
    for (int i = 0; i < 300; ++i) {
      Bytes hostile = whole;
      const std::size_t begin = payload_offset(hostile);
      const std::uint64_t table = header_of(hostile).table_size;
      const int changes = 1 + static_cast<int>(random() % 8);
      for (int k = 0; k < changes; ++k) {
        const std::uint64_t value = random() % 3 == 0 ? UINT64_MAX - random() % 64 : random();
        const std::size_t at = random() % 2 == 0 ? random() % 240 : random() % (table - 8);
        std::memcpy(hostile.data() + begin + at, &value, 1 + random() % 8);
      }
      reseal(hostile);
      std::ofstream(folder.path("hostile"), std::ios::binary)
          .write(reinterpret_cast<const char*>(hostile.data()),
                 static_cast<std::streamsize>(hostile.size()));
      read_everything(folder.path("hostile"));
    }
  }
}

TEST_CASE("a bundle of every released format is read and runs") {
  // Kept for good: tests/payloads/vN/ is what version N wrote.
  for (const std::string version : {"1", "2", "3"}) {
    const std::string kept =
        std::string(SCRATCHPACK_SOURCE_DIR) + "/tests/payloads/v" + version + "/compressed";
    Bytes bytes = read_file(kept);
    CHECK(std::to_string(header_of(bytes).version) == version);
    const Bundle bundle = Bundle::open(kept);
    CHECK(bundle.verify({}).empty());
    CHECK(bundle.start_mode() == "in-place");
    const TemporaryFolder folder;
    const std::string extracted =
        "SCRATCHPACK_MODE=extract SCRATCHPACK_DIR=" + folder.path("") + " " + kept;
    for (const std::string& command : {kept, extracted}) {
      const Ran ran = run(command);
      CHECK(ran.status == 7);
      CHECK(ran.output == "hello from version " + version + "\n");
    }
  }
}

TEST_CASE("what is no bundle is said to be none") {
  CHECK_THROWS_WITH_AS(Bundle::open("/usr/bin/env"), doctest::Contains("not a bundle"), Error);
  CHECK_THROWS_WITH_AS(Bundle::open("/etc/passwd"), doctest::Contains("not a bundle"), Error);
  CHECK_THROWS_AS(Bundle::open("/nowhere"), Error);
}
