// ld.so.cache: read as the linker reads it, written so that the linker reads it.
#include "bundler/find/ld_cache.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>
#include <random>

#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

const std::vector<std::string> kBaseline = {""};

/// The old format's header and `count` entries of zeros in front of a cache.
Bytes behind_old_table(const Bytes& cache, std::uint32_t count) {
  Bytes bytes((16 + count * 12 + 7) / 8 * 8);
  std::memcpy(bytes.data(), "ld.so-1.7.0", 11);
  std::memcpy(bytes.data() + 12, &count, 4);
  bytes.insert(bytes.end(), cache.begin(), cache.end());
  return bytes;
}

}  // namespace

TEST_CASE("digits of library names compare as numbers") {
  CHECK(compare_library_names("liba.so.9", "liba.so.10") < 0);
  CHECK(compare_library_names("liba.so.10", "liba.so.9") > 0);
  CHECK(compare_library_names("liba.so", "liba.so.1") < 0);
  CHECK(compare_library_names("liba.so.1", "liba.so") > 0);
  CHECK(compare_library_names("liba1", "libaa") > 0);
  CHECK(compare_library_names("libaa", "liba1") < 0);
  CHECK(compare_library_names("libx", "libx") == 0);
}

TEST_CASE("the cache of the machine is read whole, in the order of ldconfig") {
  std::optional<LdCache> cache = LdCache::read(read_file("/etc/ld.so.cache"));
  REQUIRE(cache);
  std::string listed = output_of(
      "/sbin/ldconfig -p | grep -v hwcap | "
      "sed -n 's/(libc6,x86-64[^)]*)/(libc6,x86-64)/p'",
      "/");
  std::string ours;
  for (const LdCache::Entry& entry : cache->entries()) {
    if (!entry.hwcaps.empty()) continue;
    ours += fmt::format("\t{} (libc6,x86-64) => {}\n", entry.name, entry.path);
  }
  CHECK(ours == listed);
  CHECK(cache->find("libc.so.6", kBaseline) == "/lib/x86_64-linux-gnu/libc.so.6");
  CHECK_FALSE(cache->find("libnothing.so.1", kBaseline));
}

TEST_CASE("the linker's tool lists what was written, and the reader finds it again") {
  std::vector<LdCacheEntry> entries;
  for (int i = 1; i < 40; ++i) {
    std::string name = fmt::format("libn{}.so.{}", i % 7, i);
    entries.push_back({name, "/opt/" + name});
  }
  Bytes bytes = write_ld_cache(entries);
  std::optional<LdCache> cache = LdCache::read(bytes);
  REQUIRE(cache);
  CHECK(cache->entries().size() == entries.size());
  for (const LdCacheEntry& entry : entries) CHECK(cache->find(entry.name, kBaseline) == entry.path);
  ScratchFolder folder;
  folder.write("cache", std::string(bytes.begin(), bytes.end()));
  std::string listed = output_of("/sbin/ldconfig -p -C cache", folder.path());
  for (const LdCacheEntry& entry : entries) {
    CHECK(listed.find("\t" + entry.name + " (libc6,x86-64) => " + entry.path + "\n") !=
          std::string::npos);
  }
}

TEST_CASE("the new format is found behind the old one's table") {
  Bytes cache = write_ld_cache({{"liba.so.1", "/lib/liba.so.1"}});
  for (std::uint32_t count : {0u, 1u, 2u, 7u}) {
    std::optional<LdCache> read = LdCache::read(behind_old_table(cache, count));
    REQUIRE(read);
    CHECK(read->find("liba.so.1", kBaseline) == "/lib/liba.so.1");
  }
  Bytes bytes = behind_old_table(cache, 7);
  bytes[15] = 0xff;
  CHECK_FALSE(LdCache::read(bytes));
}

TEST_CASE("what the linker would not use as a cache is none") {
  Bytes cache = write_ld_cache({{"liba.so.1", "/lib/liba.so.1"}});
  CHECK_FALSE(LdCache::read({}));
  CHECK_FALSE(LdCache::read({'x'}));
  Bytes other = cache;
  other[0] = 'G';
  CHECK_FALSE(LdCache::read(other));
  other = cache;
  other[28] = 3;  // big endian
  CHECK_FALSE(LdCache::read(other));
  other = cache;
  other[22] = 1;  // 65,537 entries
  CHECK_FALSE(LdCache::read(other));
  other = cache;
  other[48 + 4 + 3] = 0x7f;  // the name's offset
  CHECK(LdCache::read(other)->entries().empty());
}

TEST_CASE("entries with capability bits are not the baseline's") {
  Bytes cache = write_ld_cache({{"liba.so.1", "/lib/liba.so.1"}});
  cache[48 + 16] = 1;
  CHECK(LdCache::read(cache)->entries().empty());
  cache[48 + 16 + 7] = 0x40;  // a level, but there is no list of levels
  CHECK(LdCache::read(cache)->entries().empty());
}

TEST_CASE("no mutated cache takes the reader outside of it") {
  const Bytes machine = read_file("/etc/ld.so.cache");
  std::mt19937 random(7);
  std::size_t entries = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = machine;
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    for (int i = 0; i < 1 + round % 20 && !bytes.empty(); ++i) {
      std::size_t most = i % 2 == 0 ? std::min<std::size_t>(bytes.size(), 4000) : bytes.size();
      bytes[random() % most] = static_cast<std::uint8_t>(random());
    }
    std::optional<LdCache> cache = LdCache::read(std::move(bytes));
    if (!cache) continue;
    for (const LdCache::Entry& entry : cache->entries()) {
      entries += entry.name.size() < 4096 && entry.path.starts_with('/');
    }
  }
  CHECK(entries > 100000);
}
