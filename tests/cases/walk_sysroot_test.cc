// The walk inside another root file system: its own linker, cache, configuration and directories.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/ld_so_conf.h"
#include "tests/cases/tiny_programs.h"

using namespace scratchpack;

namespace {

const std::string kSoname = "-Wl,-soname,";
constexpr const char* kLinker = "lib64/ld-linux-x86-64.so.2";

/// A root with the machine's linker, a program /bin/p that needs liba.so, and that library in
/// `directory`.
class SmallRoot {
 public:
  explicit SmallRoot(const std::string& directory) {
    tiny.folder().copy(kLinker, "/lib64/ld-linux-x86-64.so.2");
    tiny.library(directory + "/liba.so", {}, kSoname + "liba.so");
    tiny.program("bin/p", {directory + "/liba.so"});
  }

  /// Where liba.so is found, or nothing.
  std::string found() const {
    Closure closure = resolve(Sysroot(tiny.folder().path()), "/bin/p", {});
    return closure.libraries.empty() ? "" : closure.libraries[0].path;
  }

  TinyPrograms tiny;
};

/// Writes other default directories over those in a copy of the linker.
void set_default_directories(const SmallRoot& root, const std::string& directories) {
  Bytes bytes = read_file(root.tiny.path(kLinker));
  const std::string built_in("/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/",
                             62);
  REQUIRE(directories.size() < built_in.size());
  int places = 0;
  for (std::size_t at = 0; at + built_in.size() < bytes.size(); ++at) {
    if (std::memcmp(bytes.data() + at, built_in.data(), built_in.size()) != 0) continue;
    std::memset(bytes.data() + at, 0, built_in.size());
    std::memcpy(bytes.data() + at, directories.data(), directories.size());
    ++places;
  }
  REQUIRE(places > 0);
  root.tiny.folder().write(kLinker, std::string(bytes.begin(), bytes.end()));
}

}  // namespace

TEST_CASE("another root is searched by its own cache") {
  SmallRoot root("opt/odd");
  CHECK(root.found() == "");
  root.tiny.folder().write("etc/ld.so.conf", "/opt/odd\n");
  root.tiny.folder().run("/sbin/ldconfig -r .");
  root.tiny.folder().run("rm etc/ld.so.conf");
  CHECK(root.found() == "/opt/odd/liba.so");
}

TEST_CASE("without a cache the directories of ld.so.conf are searched, includes and all") {
  SmallRoot root("opt/odd");
  root.tiny.folder().write("etc/ld.so.conf",
                           "# comment\ninclude ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n");
  root.tiny.folder().write("etc/ld.so.conf.d/a.conf", "/first=libc6 # words\n\t/opt/odd/\n");
  root.tiny.folder().write("etc/ld.so.conf.d/b.conf", "hwcap 0 nosegneg\n/third:/fourth, /fifth");
  CHECK(ld_so_conf_directories(Sysroot(root.tiny.folder().path())) ==
        std::vector<std::string>{"/first", "/opt/odd", "/third", "/fourth", "/fifth"});
  CHECK(root.found() == "/opt/odd/liba.so");
}

TEST_CASE("a cache that lists a file that is gone leaves the default directories") {
  SmallRoot root("usr/lib");
  root.tiny.folder().run("mkdir -p etc lib && /sbin/ldconfig -r . && mv usr/lib/liba.so lib/");
  CHECK(root.found() == "/lib/liba.so");
}

TEST_CASE("the default directories are those built into the root's own linker") {
  SmallRoot root("usr/lib64");
  CHECK(root.found() == "");
  set_default_directories(root, std::string("/lib64/\0/usr/lib64/", 19));
  CHECK(root.found() == "/usr/lib64/liba.so");
}

TEST_CASE("a linker in a store of packages has its one directory built in") {
  SmallRoot root("store/glibc-2.99/lib");
  set_default_directories(root, "/store/glibc-2.99/lib/");
  CHECK(root.found() == "/store/glibc-2.99/lib/liba.so");
}

TEST_CASE("links of the root are followed inside the root") {
  SmallRoot root("usr/lib");
  std::filesystem::rename(root.tiny.path("usr/lib/liba.so"), root.tiny.path("usr/lib/real.so"));
  root.tiny.folder().link("usr/lib/liba.so", "/usr/lib/real.so");
  root.tiny.folder().link("lib", "/usr/lib");
  CHECK(root.found() == "/lib/liba.so");
}

TEST_CASE("a missing interpreter is an error that says where it was looked for") {
  SmallRoot root("usr/lib");
  std::filesystem::remove(root.tiny.path(kLinker));
  CHECK_THROWS_WITH_AS(
      root.found(),
      doctest::Contains(("build /bin/p: its dynamic linker /lib64/ld-linux-x86-64.so.2 does not "
                         "exist in " +
                         root.tiny.folder().path())
                            .c_str()),
      Error);
  std::filesystem::remove(root.tiny.path("lib64"));
  CHECK_THROWS_WITH_AS(root.found(),
                       doctest::Contains("cannot be reached, as /lib64 does not exist"), Error);
  root.tiny.folder().link(kLinker, "../gone");
  CHECK_THROWS_WITH_AS(root.found(), doctest::Contains("is a link that leads nowhere"), Error);
}
