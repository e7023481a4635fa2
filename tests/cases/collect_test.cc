#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundler/base/error.h"
#include "bundler/content/file_set.h"
#include "bundler/find/glob.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

Want want_of(const std::string& path) { return {.path = path, .reason = "the test wants it"}; }

Plan plan_of(std::vector<Want> wants) {
  Plan plan;
  plan.wants = std::move(wants);
  return plan;
}

std::string text_of(const FileEntry& entry) {
  EntryContent content(entry);
  return {content.bytes().begin(), content.bytes().end()};
}

std::vector<std::string> paths_of(const FileSet& files) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : files) paths.push_back(path);
  return paths;
}

/// The invariants of file_set.h.
void check_shape(const FileSet& files) {
  for (const auto& [name, entry] : files) {
    const std::string& path = name;  // clang 14 lets no lambda see a structured binding
    CAPTURE(path);
    std::size_t slash = path.rfind('/');
    if (slash == 0) continue;
    auto parent = files.find(path.substr(0, slash));
    REQUIRE(parent != files.end());
    CHECK(parent->second.kind == FileKind::directory);
  }
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a link is kept and what it leads to comes along") {
  ScratchFolder folder;
  folder.write("usr/lib/libz.so.1.2.13", "library");
  folder.link("usr/lib/libz.so.1", "libz.so.1.2.13");
  folder.link("lib", "usr/lib");
  Sysroot sysroot(folder.path());
  FileSet files = collect(plan_of({want_of("/lib/libz.so.1")}), sysroot, {});
  check_shape(files);
  CHECK(paths_of(files) ==
        Paths{"/lib", "/usr", "/usr/lib", "/usr/lib/libz.so.1", "/usr/lib/libz.so.1.2.13"});
  CHECK(files["/lib"].target == "usr/lib");
  CHECK(files["/usr/lib/libz.so.1"].target == "libz.so.1.2.13");
  CHECK(text_of(files["/usr/lib/libz.so.1.2.13"]) == "library");
  CHECK(files["/usr/lib/libz.so.1.2.13"].source == folder.path("usr/lib/libz.so.1.2.13"));
  CHECK(files["/usr/lib/libz.so.1.2.13"].size == 7);
  CHECK(files["/usr/lib/libz.so.1.2.13"].reason == "the test wants it");
}

TEST_CASE("an absolute link is followed inside the sysroot") {
  ScratchFolder folder;
  folder.write("srv/real", "inside");
  folder.link("etc/alias", "/srv/../srv/real");
  Sysroot sysroot(folder.path());
  FileSet files = collect(plan_of({want_of("/etc/alias")}), sysroot, {});
  check_shape(files);
  CHECK(text_of(files["/srv/real"]) == "inside");
}

TEST_CASE("what is put behind a linked directory lands at the real place") {
  ScratchFolder folder;
  folder.write("usr/lib/here", "");
  folder.link("lib", "usr/lib");
  folder.write("outside/data", "data");
  Sysroot sysroot(folder.path());
  Want generated = want_of("/lib/new/conf");
  generated.content = "text";
  Want added = want_of("/lib/data");
  added.source = folder.path("outside/data");
  FileSet files = collect(plan_of({generated, added}), sysroot, {});
  check_shape(files);
  CHECK(paths_of(files) ==
        Paths{"/lib", "/usr", "/usr/lib", "/usr/lib/data", "/usr/lib/new", "/usr/lib/new/conf"});
  CHECK(text_of(files["/usr/lib/new/conf"]) == "text");
  CHECK(text_of(files["/usr/lib/data"]) == "data");
}

TEST_CASE("what we make replaces a link of the sysroot instead of following it") {
  ScratchFolder folder;
  folder.link("etc/nsswitch.conf", "/run/elsewhere");
  Sysroot sysroot(folder.path());
  Want generated = want_of("/etc/nsswitch.conf");
  generated.content = "hosts: files dns\n";
  FileSet files = collect(plan_of({generated}), sysroot, {});
  CHECK(files["/etc/nsswitch.conf"].kind == FileKind::file);
  CHECK_FALSE(files.contains("/run"));
}

TEST_CASE("a link made by us decides for what is collected later") {
  ScratchFolder folder;
  folder.write("opt/a/file", "a");
  folder.write("opt/b/file", "b");
  Sysroot sysroot(folder.path());
  Want link = want_of("/opt/a");
  link.target = std::string("b");
  FileSet files = collect(plan_of({link, want_of("/opt/a/file")}), sysroot, {});
  check_shape(files);
  CHECK(files["/opt/a"].target == "b");
  CHECK(text_of(files["/opt/b/file"]) == "b");
}

TEST_CASE("a directory is taken as a tree, its links with what they lead to") {
  ScratchFolder folder;
  folder.write("usr/share/zone/Asia/Seoul", "KST");
  folder.link("usr/share/zone/ROK", "Asia/Seoul");
  folder.link("usr/share/zone/broken", "nowhere");
  folder.link("usr/share/zone/up", "..");
  folder.link("usr/share/zone/mounts", "/proc/self/mounts");
  folder.link("usr/share/zone/out", "/etc/zone.conf");
  folder.link("usr/share/zone/tree", "/etc/trees");
  folder.write("etc/zone.conf", "conf");
  folder.write("etc/trees/one", "1");
  folder.write("usr/share/other", "not wanted");
  Sysroot sysroot(folder.path());
  FileSet files = collect(plan_of({want_of("/usr/share/zone")}), sysroot, {});
  check_shape(files);
  CHECK(paths_of(files) ==
        Paths{"/etc", "/etc/trees", "/etc/trees/one", "/etc/zone.conf", "/usr", "/usr/share",
              "/usr/share/zone", "/usr/share/zone/Asia", "/usr/share/zone/Asia/Seoul",
              "/usr/share/zone/ROK", "/usr/share/zone/broken", "/usr/share/zone/mounts",
              "/usr/share/zone/out", "/usr/share/zone/tree", "/usr/share/zone/up"});
  CHECK(files["/usr/share/zone/broken"].target == "nowhere");
}

TEST_CASE("a tree of the build machine keeps its inner links and copies what lies outside") {
  ScratchFolder folder;
  folder.write("data/models/net.onnx", "weights");
  folder.link("data/latest", "models/net.onnx");
  folder.link("data/models/up", "../latest");
  folder.link("data/outer", "../elsewhere/file");
  folder.link("data/absolute", folder.path("data/models/net.onnx"));
  folder.link("data/loop", folder.path("data"));
  folder.write("elsewhere/file", "outside");
  folder.run("mkdir root");
  Sysroot sysroot(folder.path("root"));
  Want want = want_of("/opt/app");
  want.source = folder.path("data");
  want.container_first = true;
  std::vector<std::string> warnings;
  Exclude nothing({});
  FileSet files = collect(plan_of({want}), sysroot, nothing, &warnings);
  check_shape(files);
  CHECK(files["/opt/app/latest"].target == "models/net.onnx");
  CHECK(files["/opt/app/models/up"].target == "../latest");
  CHECK(text_of(files["/opt/app/outer"]) == "outside");
  CHECK(text_of(files["/opt/app/absolute"]) == "weights");
  CHECK(files["/opt/app/models/net.onnx"].container_first);
  CHECK_FALSE(files["/opt"].container_first);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "/opt/app/loop: left out, its link leads back to itself");
}

TEST_CASE("an empty directory is an entry") {
  ScratchFolder folder;
  folder.run("mkdir -p root/var/empty given");
  Sysroot sysroot(folder.path("root"));
  Want given = want_of("/opt/spool");
  given.source = folder.path("given");
  FileSet files = collect(plan_of({want_of("/var/empty"), given}), sysroot, {});
  CHECK(files["/var/empty"].kind == FileKind::directory);
  CHECK(files["/opt/spool"].kind == FileKind::directory);
}

TEST_CASE("modes are normalised, and a want may say otherwise") {
  ScratchFolder folder;
  folder.run(
      "mkdir -p d; touch d/plain d/program d/asked; chmod 600 d/plain; chmod 4700 d/program; "
      "chmod 2770 d");
  Sysroot sysroot(folder.path());
  Want asked = want_of("/d/asked");
  asked.mode = 0640;
  FileSet files =
      collect(plan_of({want_of("/d/plain"), want_of("/d/program"), asked}), sysroot, {});
  CHECK(files["/d"].mode == 0755);
  CHECK(files["/d/plain"].mode == 0644);
  CHECK(files["/d/program"].mode == 0755);
  CHECK(files["/d/asked"].mode == 0640);
}

TEST_CASE("the first want for a path wins") {
  ScratchFolder folder;
  folder.write("etc/conf", "the machine's");
  Sysroot sysroot(folder.path());
  Want first = want_of("/etc/conf");
  first.content = "first";
  Want second = want_of("/etc/conf");
  second.content = "second";
  FileSet files = collect(plan_of({first, second, want_of("/etc")}), sysroot, {});
  CHECK(text_of(files["/etc/conf"]) == "first");
}

TEST_CASE("excluded files, trees and what lies behind them stay out") {
  ScratchFolder folder;
  folder.write("usr/share/doc/a/README", "");
  folder.write("usr/share/app/a.txt", "");
  folder.write("usr/share/app/deep/er/b.pyc", "");
  folder.write("usr/share/app/deep/er/b.py", "");
  folder.link("usr/share/link", "doc");
  Sysroot sysroot(folder.path());
  std::vector<std::string> warnings;
  Exclude excluded({"*.pyc", "/usr/share/doc", "/usr/share/*/a.txt", "none*"});
  FileSet files = collect(plan_of({want_of("/usr/share/app"), want_of("/usr/share/doc"),
                                   want_of("/usr/share/link/a/README")}),
                          sysroot, excluded, &warnings);
  note_unused(excluded, warnings);
  check_shape(files);
  CHECK(paths_of(files) == Paths{"/usr", "/usr/share", "/usr/share/app", "/usr/share/app/deep",
                                 "/usr/share/app/deep/er", "/usr/share/app/deep/er/b.py"});
  CHECK(warnings == Paths{"--exclude none*: nothing in the bundle matches"});
}

TEST_CASE("the program itself cannot be excluded") {
  ScratchFolder folder;
  folder.write("usr/bin/app", "");
  Sysroot sysroot(folder.path());
  Plan plan = plan_of({want_of("/usr/bin/app")});
  plan.launch_path = "/usr/bin/app";
  CHECK_THROWS_AS(collect(plan, sysroot, {"/usr/**"}), UsageError);
}

TEST_CASE("a pattern without a slash matches the name, one with a slash the path") {
  CHECK(glob_matches("*.so", "/usr/lib/a.so"));
  CHECK_FALSE(glob_matches("*.so", "/usr/lib.so/a"));
  CHECK(glob_matches("/usr/*/a.so", "/usr/lib/a.so"));
  CHECK_FALSE(glob_matches("/usr/*", "/usr/lib/a.so"));
  CHECK(glob_matches("/usr/**", "/usr/lib/a.so"));
  CHECK(glob_matches("**/a.so", "/a.so"));
  CHECK(glob_matches("/usr/**/a.s?", "/usr/lib/x/a.so"));
  CHECK_FALSE(glob_matches("/usr/**/b", "/usr/lib/x/a.so"));
  CHECK(glob_matches("*.cfg", "/etc/.hidden.cfg"));
}

TEST_CASE("what cannot go into a bundle is refused when named and told of when met") {
  ScratchFolder folder;
  folder.run("mkdir -p run; mkfifo run/pipe; touch run/file");
  folder.write("etc/hosts", "127.0.0.1 localhost");
  folder.write("etc/app.conf", "");
  Sysroot sysroot(folder.path());
  CHECK_THROWS_WITH_AS(collect(plan_of({want_of("/run/pipe")}), sysroot, {}),
                       "collect /run/pipe: neither a file nor a directory (the test wants it)",
                       Error);
  CHECK_THROWS_WITH_AS(collect(plan_of({want_of("/run/none")}), sysroot, {}),
                       "collect /run/none: no such file (the test wants it)", Error);
  CHECK_THROWS_AS(collect(plan_of({want_of("relative")}), sysroot, {}), Error);
  CHECK_THROWS_AS(collect(plan_of({want_of("/run/file/below")}), sysroot, {}), Error);
  Want kernel = want_of("/proc/cpuinfo");
  kernel.content = "";
  CHECK_THROWS_AS(collect(plan_of({kernel}), sysroot, {}), Error);

  std::vector<std::string> warnings;
  Exclude nothing({});
  FileSet files = collect(plan_of({want_of("/run"), want_of("/etc")}), sysroot, nothing, &warnings);
  CHECK(paths_of(files) == Paths{"/etc", "/etc/app.conf", "/run", "/run/file"});
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] ==
        folder.path("run/pipe") + ": left out, a device, socket or pipe cannot go into a bundle");
  CHECK(warnings[1].starts_with("/etc/hosts: left out"));
}

TEST_CASE("links that turn in a circle are an error") {
  ScratchFolder folder;
  folder.link("a", "b");
  folder.link("b", "a");
  Sysroot sysroot(folder.path());
  CHECK_THROWS_WITH_AS(collect(plan_of({want_of("/a")}), sysroot, {}),
                       "collect /a: its links turn in a circle", Error);
}

TEST_CASE("a file that cannot be read is an error that names it") {
  if (::geteuid() == 0) {
    // Root reads everything; as somebody else for the length of this case.
    REQUIRE(::seteuid(65532) == 0);
  }
  std::string message;
  {
    ScratchFolder folder;
    folder.write("etc/secret", "");
    folder.run("chmod 0 etc/secret");
    Sysroot sysroot(folder.path());
    try {
      collect(plan_of({want_of("/etc/secret")}), sysroot, {});
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK(message == "read " + folder.path("etc/secret") +
                         ": Permission denied (build as a user who may read it, or --exclude it)");
  }
  if (::getuid() == 0) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("a path longer than the in-place start can look up is refused") {
  ScratchFolder folder;
  Sysroot sysroot(folder.path());
  std::string path;
  while (path.size() < 1024) path += "/" + std::string(100, 'x');
  Want longer = want_of(path);
  longer.content = "";
  CHECK_THROWS_AS(collect(plan_of({longer}), sysroot, {}), Error);
  Want fits = want_of(path.substr(0, 1023));
  fits.content = "";
  CHECK(collect(plan_of({fits}), sysroot, {}).contains(fits.path));
}
