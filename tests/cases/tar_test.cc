#include "bundler/write/tar.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <clocale>
#include <cstdlib>

#include "bundler/base/error.h"
#include "bundler/write/gzip.h"
#include "bundler/write/layer_size.h"
#include "tests/cases/file_entries.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;
using testing::directory;
using testing::generated;
using testing::link_to;

namespace {

FileSet small_set() {
  return {{"/", directory()},
          {"/lib", link_to("usr/lib")},
          {"/tmp", directory(01777)},
          {"/usr", directory()},
          {"/usr-local", generated("x")},
          {"/usr/lib", directory()},
          {"/usr/lib/a.so", generated("library", 0755)}};
}

std::string archive_of(const FileSet& files, std::uint64_t time = 0) {
  std::string text;
  write_tar(files, time,
            [&](std::span<const std::uint8_t> bytes) { text.append(bytes.begin(), bytes.end()); });
  return text;
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("an archive holds every path in order, owned by nobody's name, at the time asked for") {
  ScratchFolder folder;
  write_tar_file(small_set(), 1700000000, folder.path("x.tar"));
  CHECK(output_of("TZ=UTC LC_ALL=C tar -tvf x.tar --full-time", folder.path()) ==
        "lrwxrwxrwx 0/0               0 2023-11-14 22:13:20 lib -> usr/lib\n"
        "drwxrwxrwt 0/0               0 2023-11-14 22:13:20 tmp/\n"
        "drwxr-xr-x 0/0               0 2023-11-14 22:13:20 usr/\n"
        "-rw-r--r-- 0/0               1 2023-11-14 22:13:20 usr-local\n"
        "drwxr-xr-x 0/0               0 2023-11-14 22:13:20 usr/lib/\n"
        "-rwxr-xr-x 0/0               7 2023-11-14 22:13:20 usr/lib/a.so\n");
  CHECK(output_of("tar -xOf x.tar usr/lib/a.so", folder.path()) == "library");
}

TEST_CASE("the same set gives the same archive, whatever the umask and the locale") {
  std::string first = archive_of(small_set());
  mode_t mask = ::umask(077);
  FileSet odd = small_set();
  odd["/usr/lib/\xc3\xa9\xff"] = generated("a name that is no text");
  std::string second = archive_of(odd);
  const char* before = std::setlocale(LC_ALL, "C.UTF-8");
  CHECK(archive_of(small_set()) == first);
  CHECK(archive_of(odd) == second);
  ::umask(mask);
  if (before != nullptr) std::setlocale(LC_ALL, "C");
}

TEST_CASE("an archive carries no byte that is not needed") {
  FileSet one = {{"/a", generated("x")}};
  // A header, a block of content, two blocks of zeros; tape drives' padding would make it 10240.
  CHECK(archive_of(one).size() == 2048);
}

TEST_CASE("long paths and link targets arrive whole") {
  ScratchFolder folder;
  FileSet files;
  std::string path;
  for (int i = 0; i < 12; ++i) {
    path += "/" + std::string(70, static_cast<char>('a' + i));
    files[path] = directory();
  }
  files[path + "/file"] = generated("deep");
  files["/link"] = link_to(path + "/file");
  write_tar_file(files, 0, folder.path("x.tar"));
  folder.run("mkdir out && tar -xf x.tar -C out");
  CHECK(output_of("cat out" + path + "/file", folder.path()) == "deep");
  CHECK(output_of("readlink out/link", folder.path()) == path + "/file\n");
}

TEST_CASE("what the sink throws comes out of the writer, and leaves no file") {
  FileSet files = {{"/a", generated(std::string(5000000, 'x'))}};
  std::uint64_t taken = 0;
  auto full = [&](std::span<const std::uint8_t> bytes) {
    taken += bytes.size();
    if (taken > 1000000) throw Error("write x: No space left on device");
  };
  CHECK_THROWS_WITH_AS(write_tar(files, 0, full), "write x: No space left on device", Error);
  ScratchFolder folder;
  files["/b"] = FileEntry{.size = 5, .source = folder.path("missing")};
  CHECK_THROWS_AS(write_tar_file(files, 0, folder.path("x.tar")), Error);
  CHECK(output_of("ls -A", folder.path()) == "");
}

TEST_CASE("the gzipped size is the one gzip -6 gives") {
  ScratchFolder folder;
  MappedFile program("/bin/bash");
  folder.copy("bash", "/bin/bash");
  auto expected = std::stoull(output_of("gzip -6n <bash | wc -c", folder.path()));
  CHECK(static_cast<double>(deflated(program.bytes()).size()) ==
        doctest::Approx(expected).epsilon(0.005));
  LayerMeter meter(program.bytes().size(), false, 2);
  meter.feed(program.bytes());
  LayerSize size = meter.result();
  CHECK_FALSE(size.sampled);
  CHECK(static_cast<double>(size.bytes) == doctest::Approx(expected).epsilon(0.005));
}

TEST_CASE("the layer of a large output is estimated within a few per cent, and said to be") {
  ScratchFolder folder;
  MappedFile program("/bin/bash");
  std::string random = output_of("openssl rand 1500000", folder.path());
  LayerMeter meter(std::uint64_t{60} << 20, false, 0);
  std::uint64_t exact = 0;
  for (std::uint64_t fed = 0; fed < std::uint64_t{60} << 20;) {
    Bytes noise = bytes_of(random);
    meter.feed(program.bytes());
    meter.feed(noise);
    fed += program.bytes().size() + noise.size();
    if (exact == 0) exact = deflated(program.bytes()).size() + deflated(noise).size();
    if (fed + program.bytes().size() + noise.size() >= std::uint64_t{60} << 20) {
      exact *= fed / (program.bytes().size() + noise.size());
      break;
    }
  }
  LayerSize size = meter.result();
  CHECK(size.sampled);
  CHECK(static_cast<double>(size.bytes) == doctest::Approx(exact).epsilon(0.05));
}

TEST_CASE("a meter that was fed nothing says the size of an empty gzip stream") {
  LayerMeter meter(0, false, 1);
  CHECK(meter.result().bytes == 18);
}
