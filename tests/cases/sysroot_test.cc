// The root file system: links stay inside, circles end, patterns match as a shell's.
#include <doctest/doctest.h>

#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/find/sysroot.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

using Paths = std::vector<std::string>;

Paths hops_of(const Sysroot& sysroot, const std::string& path) {
  Paths paths;
  for (const Hop& hop : sysroot.follow(path)) paths.push_back(hop.path);
  return paths;
}

}  // namespace

TEST_CASE("a path is made normal by its text alone") {
  CHECK(normal_path("/a//b/./c/") == "/a/b/c");
  CHECK(normal_path("/a/../../b") == "/b");
  CHECK(normal_path("/") == "/");
  CHECK(normal_path("/..") == "/");
}

TEST_CASE("a link is followed inside the root, absolute or relative, and every step is told") {
  ScratchFolder folder;
  folder.write("usr/lib/libz.so.1.2", "z");
  folder.link("lib", "usr/lib");
  folder.link("usr/lib/libz.so.1", "libz.so.1.2");
  folder.link("absolute", "/lib/libz.so.1");
  Sysroot sysroot(folder.path());
  CHECK(hops_of(sysroot, "/lib/libz.so.1") ==
        Paths{"/lib", "/usr", "/usr/lib", "/usr/lib/libz.so.1", "/usr/lib/libz.so.1.2"});
  CHECK(sysroot.resolve("/absolute") == "/usr/lib/libz.so.1.2");
  CHECK(sysroot.follow("/lib")[0].target == "usr/lib");
  CHECK(sysroot.read_text("/absolute") == "z");
  CHECK(sysroot.files_read() == std::set<std::string>{folder.path() + "/usr/lib/libz.so.1.2"});
}

TEST_CASE("no path and no link leads out of the root") {
  ScratchFolder folder;
  folder.write("inner/etc/secret", "inside");
  folder.write("etc/secret", "outside");
  folder.link("inner/up", "../../../../../../etc/secret");
  Sysroot sysroot(folder.path("inner"));
  CHECK(sysroot.read_text("/up") == "inside");
  CHECK(sysroot.read_text("/../../etc/secret") == "inside");
}

TEST_CASE("dot dot behind a link is the parent of where the link led") {
  ScratchFolder folder;
  folder.write("deep/down/here/file", "x");
  folder.write("deep/down/neighbour", "right");
  folder.write("neighbour", "wrong");
  folder.link("short", "deep/down/here");
  Sysroot sysroot(folder.path());
  CHECK(sysroot.read_text("/short/../neighbour") == "right");
  CHECK(hops_of(sysroot, "/deep/down/here/../neighbour") ==
        Paths{"/deep", "/deep/down", "/deep/down/here", "/deep/down/neighbour"});
  CHECK(sysroot.stat("/deep/down/here/..")->kind == FileKind::directory);
}

TEST_CASE("links in a circle, missing names and files used as directories lead nowhere") {
  ScratchFolder folder;
  folder.write("file", "x");
  folder.link("one", "two");
  folder.link("two", "one");
  folder.link("self", "self/x");
  Sysroot sysroot(folder.path());
  CHECK(sysroot.follow("/one").empty());
  CHECK(sysroot.follow("/self").empty());
  CHECK(sysroot.follow("/file/x").empty());
  CHECK(sysroot.follow("/file/").empty());
  CHECK(sysroot.follow("/file/../file").empty());
  CHECK(sysroot.follow("/missing/../file").empty());
  CHECK(sysroot.lstat("/one")->kind == FileKind::symlink);
  CHECK_FALSE(sysroot.stat("/one"));
  CHECK_FALSE(sysroot.host_path("/missing"));
}

TEST_CASE("the root itself has a status, and may be named through a link") {
  ScratchFolder folder;
  folder.write("real/file", "x");
  folder.link("linked", "real");
  Sysroot sysroot(folder.path("linked") + "//");
  CHECK(sysroot.stat("/")->kind == FileKind::directory);
  CHECK(hops_of(sysroot, "/") == Paths{"/"});
  CHECK(sysroot.read_text("/file") == "x");
  CHECK_THROWS_AS(Sysroot(folder.path("real/file")), Error);
  CHECK_THROWS_AS(Sysroot(folder.path("missing")), Error);
}

TEST_CASE("patterns match as in a shell, two stars at any depth") {
  ScratchFolder folder;
  for (const char* name : {"a/x.so", "a/b/y.so", "a/b/c/z.so", "a/.hidden.so", "a/b/text"}) {
    folder.write(name, "");
  }
  folder.link("a/loop", ".");
  folder.link("a/nowhere.so", "missing");
  folder.link("short", "a/b");
  Sysroot sysroot(folder.path());
  CHECK(sysroot.glob("/a/*.so") == Paths{"/a/x.so"});
  CHECK(sysroot.glob("/a/**/*.so") == Paths{"/a/b/c/z.so", "/a/b/y.so", "/a/x.so"});
  CHECK(sysroot.glob("/short/**") ==
        Paths{"/short/c", "/short/c/z.so", "/short/text", "/short/y.so"});
  CHECK(sysroot.glob("/a/b/[xy].s?") == Paths{"/a/b/y.so"});
  CHECK(sysroot.glob("/a/b/text") == Paths{"/a/b/text"});
  CHECK(sysroot.glob("/a/none*").empty());
}
