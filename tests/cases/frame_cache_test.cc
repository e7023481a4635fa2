// The frame cache: what it may change is the time a build takes, nothing else.
#include "bundler/write/frame_cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <vector>

#include "bundler/base/parallel.h"
#include "tests/cases/bundle_fixture.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

namespace fs = std::filesystem;

Bytes noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

std::vector<fs::path> files_below(const std::string& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The bundle of the fixture's files, through a cache or without.
Bytes bundle_with(const Made& made, FrameCache* cache) {
  const TemporaryFolder folder;
  OnefileOptions options;
  options.compression = Compression::fast;
  options.cache = cache;
  write_onefile(made.plan, made.files, made.start, options, folder.path("bundle"));
  return read_file(folder.path("bundle"));
}

void write_file(const fs::path& path, const Bytes& bytes) {
  AtomicFile file(path, 0600);
  file.write(bytes);
  file.commit();
}

}  // namespace

TEST_CASE("a kept frame is found by its key, and by no other") {
  const TemporaryFolder folder;
  FrameCache cache(folder.path("cache"));
  const Bytes content = noise(10000, 1);
  const std::string key = FrameCache::key("how it is made", content);
  CHECK_FALSE(cache.find(key).has_value());
  cache.keep(key, content);
  CHECK(cache.find(key) == content);
  CHECK_FALSE(cache.find(FrameCache::key("another way", content)).has_value());
  CHECK_FALSE(cache.find(FrameCache::key("how it is made", noise(10000, 2))).has_value());
  CHECK(cache.trouble() == "");
  struct stat status {};
  REQUIRE(::stat(folder.path("cache").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
}

TEST_CASE("a bundle is the same with an empty cache, with a full one and with none") {
  const TemporaryFolder folder;
  const Made made = make_file_set();
  const Bytes plain = bundle_with(made, nullptr);
  FrameCache cache(folder.path("cache"));
  CHECK(bundle_with(made, &cache) == plain);
  const auto kept = files_below(folder.path("cache"));
  CHECK(kept.size() > 3);
  CHECK(bundle_with(made, &cache) == plain);
  CHECK(files_below(folder.path("cache")) == kept);
}

TEST_CASE("a damaged, cut, swapped or foreign frame is made anew and replaced") {
  const TemporaryFolder folder;
  const Made made = make_file_set();
  const Bytes plain = bundle_with(made, nullptr);
  FrameCache cache(folder.path("cache"));
  bundle_with(made, &cache);
  const auto kept = files_below(folder.path("cache"));
  std::vector<Bytes> sound;
  sound.reserve(kept.size());
  for (const fs::path& path : kept) sound.push_back(read_file(path));
  const auto damage = [&](std::size_t way, const Bytes& whole) {
    Bytes bytes = whole;
    if (way == 0) bytes[bytes.size() / 2] ^= 1;              // in the frame
    if (way == 1) bytes[3] ^= 0x20;                          // in the header
    if (way == 2) bytes.pop_back();                          // cut short
    if (way == 3) bytes.push_back(0);                        // grown
    if (way == 4) bytes.clear();                             // as after a crash
    if (way == 5) bytes = sound[whole == sound[0] ? 1 : 0];  // another key's, in itself sound
    return bytes;
  };
  for (std::size_t way = 0; way < 6; ++way) {
    CAPTURE(way);
    for (std::size_t i = 0; i < kept.size(); ++i) write_file(kept[i], damage(way, sound[i]));
    CHECK(bundle_with(made, &cache) == plain);
    for (std::size_t i = 0; i < kept.size(); ++i) CHECK(read_file(kept[i]) == sound[i]);
  }
  if (::geteuid() != 0) return;  // only root can give files away
  const auto before = fs::last_write_time(kept[0]);
  REQUIRE(::chown(kept[0].c_str(), 65532, 65532) == 0);
  CHECK(bundle_with(made, &cache) == plain);
  struct stat status {};
  REQUIRE(::stat(kept[0].c_str(), &status) == 0);
  CHECK(status.st_uid == 0);
  CHECK(fs::last_write_time(kept[0]) >= before);
}

TEST_CASE("builds at the same time may share a cache") {
  const TemporaryFolder folder;
  const Made made = make_file_set();
  const Bytes plain = bundle_with(made, nullptr);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool same = true;
      for (int round = 0; round < 3; ++round) {
        // Small enough that each takes away what the others are about to read.
        FrameCache cache(folder.path("cache"), 200000);
        same = same && bundle_with(made, &cache) == plain && cache.trouble().empty();
      }
      ::_exit(same ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  for (const fs::path& path : files_below(folder.path("cache"))) {
    CHECK(path.filename().string().size() == 64);  // nothing unfinished is left
  }
}

TEST_CASE("a cache that cannot be written leaves the build alone, and says why when asked") {
  const ScratchFolder folder;
  folder.write("file", "");
  const Made made = make_file_set();
  FrameCache cache(folder.path("file/cache/scratchpack"));
  CHECK(bundle_with(made, &cache) == bundle_with(made, nullptr));
  CHECK(cache.trouble().find(folder.path("file/cache")) != std::string::npos);
  FrameCache nowhere("");
  CHECK(bundle_with(made, &nowhere) == bundle_with(made, nullptr));
  CHECK(nowhere.trouble().find("HOME") != std::string::npos);
}

TEST_CASE("root makes no cache in another user's folder") {
  if (::geteuid() != 0) return;
  const ScratchFolder folder;
  folder.run("mkdir -p home/.cache && chown -R 65532:65532 home");
  const Bytes content = noise(5000, 1);
  for (const char* place : {"home/.cache/scratchpack", "home/new/scratchpack"}) {
    FrameCache cache(folder.path(place));
    cache.keep(FrameCache::key("", content), content);
    CHECK(cache.trouble().find("another user's") != std::string::npos);
    CHECK_FALSE(fs::exists(folder.path(place)));
  }
  folder.run("mkdir home/.cache/scratchpack && chown 65532 home/.cache/scratchpack");
  FrameCache cache(folder.path("home/.cache/scratchpack"));
  cache.keep(FrameCache::key("", content), content);
  CHECK(fs::is_empty(folder.path("home/.cache/scratchpack")));
}

TEST_CASE("the bound is kept by removing what was unused for the longest time") {
  const ScratchFolder folder;
  FrameCache cache(folder.path("cache"), 100 * 8192);
  std::vector<std::string> keys;
  for (unsigned i = 0; i < 100; ++i) {
    const Bytes content = noise(5000, i);
    keys.push_back(FrameCache::key("", content));
    cache.keep(keys.back(), content);
    // A minute apart, the first the oldest.
    const std::string minutes = std::to_string(1000 - i);
    folder.run("touch -d '-" + minutes + " minutes' cache/*/" + keys.back());
  }
  folder.run("touch -d '-2 hours' cache/" + keys[0].substr(0, 2) + "/.new-left");
  cache.trim();
  CHECK(files_below(folder.path("cache")).size() == 100);  // exactly full; the leftover is gone
  CHECK(cache.find(keys[0]).has_value());                  // the oldest is used again
  cache.keep(FrameCache::key("", noise(5000, 100)), noise(5000, 100));
  cache.trim();
  CHECK(files_below(folder.path("cache")).size() == 93);  // a sixteenth goes at once
  CHECK(cache.find(keys[0]).has_value());
  for (unsigned i = 1; i <= 8; ++i) CHECK_FALSE(cache.find(keys[i]).has_value());
  for (unsigned i = 9; i < 100; ++i) CHECK(cache.find(keys[i]).has_value());
}

TEST_CASE("after an edit of the program only the program is compressed; --no-cache keeps nothing") {
  const ScratchFolder folder;
  const auto build = [&](const std::string& number, const std::string& options) {
    folder.write("app.c", "const char big[20000] = {" + number +
                              "};\nint main(void) { return big[" + number + "]; }\n");
    folder.run("cc -o app app.c && XDG_CACHE_HOME='" + folder.path("home") + "' '" + kTool +
               "' build ./app -q -o out" + number + " " + options);
  };
  build("1", "--compress good --no-cache");
  build("1", "--compress none");
  CHECK_FALSE(fs::exists(folder.path("home")));
  build("1", "--compress good");
  const auto before = files_below(folder.path("home/scratchpack"));
  CHECK(before.size() >= 3);
  build("2", "--compress good");
  std::vector<fs::path> added;
  const auto after = files_below(folder.path("home/scratchpack"));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(added));
  CHECK(added.size() == 1);
}

TEST_CASE("a build says with --verbose why frames are not kept") {
  const ScratchFolder folder;
  folder.write("file", "");
  const std::string command = "XDG_CACHE_HOME=" + folder.path("file") + " '" + kTool +
                              "' build /usr/bin/true -o out --compress fast ";
  CHECK(output_of(command + "-v 2>&1 >/dev/null", folder.path()).find("are not kept") !=
        std::string::npos);
  CHECK(output_of(command + "2>&1 >/dev/null", folder.path()) == "");
}

TEST_CASE("shared out work is done once each, and the first failure ends it") {
  for (const unsigned threads : {0U, 1U, 3U}) {
    std::vector<int> done(1000);
    share_out(done.size(), threads,
              [&]() -> PieceOfWork { return [&](std::size_t i) { ++done[i]; }; });
    CHECK(std::all_of(done.begin(), done.end(), [](int count) { return count == 1; }));
    CHECK_THROWS_WITH(share_out(done.size(), threads,
                                []() -> PieceOfWork {
                                  return [](std::size_t i) {
                                    if (i == 7) throw std::runtime_error("seven");
                                  };
                                }),
                      "seven");
  }
  share_out(0, 0, []() -> PieceOfWork { return [](std::size_t) { FAIL("nothing to do"); }; });
}
