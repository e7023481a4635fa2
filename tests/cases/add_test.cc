#include <doctest/doctest.h>

#include "bundler/base/error.h"
#include "bundler/content/file_set.h"
#include "bundler/find/add.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

Plan with_data(const std::string& spec, const std::string& workdir = "") {
  Plan plan;
  plan_data(plan, spec, workdir, Sysroot(), {});
  return plan;
}

Plan with_binary(const std::string& spec, const Sysroot& sysroot = Sysroot(),
                 const std::string& workdir = "") {
  Plan plan;
  plan_added_binary(plan, spec, workdir, sysroot, {});
  return plan;
}

bool wants(const Plan& plan, const std::string& path) {
  for (const Want& want : plan.wants) {
    if (want.path == path) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a data file goes into the directory DEST, under its own name") {
  ScratchFolder folder;
  std::string file = folder.write("app.conf", "text");
  Plan plan = with_data(file + ":/etc/app");
  REQUIRE(plan.wants.size() == 1);
  CHECK(plan.wants[0].path == "/etc/app/app.conf");
  CHECK(plan.wants[0].source == file);
  CHECK(plan.wants[0].container_first);
  CHECK(plan.wants[0].reason == "--add-data " + file + ":/etc/app");
  CHECK(with_data(file + ":/").wants[0].path == "/app.conf");
}

TEST_CASE("a relative DEST is below the working directory") {
  ScratchFolder folder;
  std::string file = folder.write("app.conf", "");
  CHECK(with_data(file + ":conf", "/srv/app").wants[0].path == "/srv/app/conf/app.conf");
  CHECK(with_data(file + ":.", "/srv/app").wants[0].path == "/srv/app/app.conf");
  CHECK(with_data(file + ":.").wants[0].path == "/app.conf");
}

TEST_CASE("what is in a data directory lands in DEST") {
  ScratchFolder folder;
  folder.write("models/net.onnx", "");
  folder.write("models/deep/more", "");
  FileSet files = collect(with_data(folder.path("models") + ":/opt/models"), Sysroot(), {});
  CHECK(files.contains("/opt/models/net.onnx"));
  CHECK(files.contains("/opt/models/deep/more"));
  CHECK(files["/opt/models/net.onnx"].container_first);
}

TEST_CASE("a data pattern brings all it matches, a name that looks like one only itself") {
  ScratchFolder folder;
  folder.write("a.txt", "");
  folder.write("b.txt", "");
  folder.write("c.bin", "");
  Plan plan = with_data(folder.path("*.txt") + ":/opt");
  CHECK(plan.wants.size() == 2);
  CHECK(wants(plan, "/opt/a.txt"));
  folder.write("[ab].txt", "");
  plan = with_data(folder.path("[ab].txt") + ":/opt");
  REQUIRE(plan.wants.size() == 1);
  CHECK(plan.wants[0].path == "/opt/[ab].txt");
}

TEST_CASE("a source may hold a colon, the last one divides") {
  ScratchFolder folder;
  std::string file = folder.write("a:b", "");
  CHECK(with_data(file + ":/opt").wants[0].path == "/opt/a:b");
  folder.copy("p:q", "/usr/bin/true");
  CHECK(wants(with_binary(folder.path("p:q")), folder.path("p:q")));
}

TEST_CASE("a data specification that makes no sense is wrong usage, a missing file an error") {
  for (const char* spec : {"", ":", "a", "a:", ":/b"}) {
    CAPTURE(spec);
    CHECK_THROWS_AS(with_data(spec), UsageError);
  }
  CHECK_THROWS_WITH_AS(
      with_data("/nonsense/file:/opt"),
      "--add-data /nonsense/file:/opt: no such file or directory, and nothing matches it as a "
      "pattern",
      Error);
}

TEST_CASE("programs and libraries in data bring what they need, and stay data") {
  ScratchFolder folder;
  folder.copy("modules/tool/tool.node", "/lib/x86_64-linux-gnu/libcurl.so.4");
  folder.copy("modules/bin/env", "/usr/bin/env");
  folder.write("modules/odd.node",
               "\x7f"
               "ELF and no more");
  folder.link("modules/round", "..");
  Plan plan = with_data(folder.path("modules") + ":/app/modules");
  CHECK(wants(plan, "/lib/x86_64-linux-gnu/libz.so.1"));
  CHECK(wants(plan, "/lib64/ld-linux-x86-64.so.2"));
  CHECK(plan.missing.empty());
  CHECK(plan.warnings.empty());
  FileSet files = collect(plan, Sysroot(), {});
  CHECK(files["/app/modules/tool/tool.node"].container_first);
  CHECK_FALSE(files["/lib64/ld-linux-x86-64.so.2"].container_first);
  CHECK(files.contains("/app/modules/odd.node"));
  plan = with_data(folder.path("modules/tool/tool.node") + ":/app");
  CHECK(wants(plan, "/lib/x86_64-linux-gnu/libz.so.1"));
}

TEST_CASE("a library that data lacks is a warning, one that is in the data is none") {
  ScratchFolder folder;
  folder.write("empty.c", "");
  folder.run(
      "mkdir data && cc -shared -Wl,-soname,libinner.so -o data/libinner.so empty.c && "
      "cc -shared -Wl,-soname,libouter.so -o libouter.so empty.c && cc -shared -o data/addon.node "
      "empty.c -Wl,--no-as-needed data/libinner.so libouter.so");
  Plan plan = with_data(folder.path("data") + ":/app");
  CHECK(plan.missing.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].find("/app/addon.node needs") != std::string::npos);
  CHECK(plan.warnings[0].find("libouter.so") != std::string::npos);
}

TEST_CASE("data made for musl, too, brings nothing to a program of glibc") {
  ScratchFolder folder;
  folder.write("empty.c", "");
  folder.run(
      "mkdir data && cc -shared -Wl,-soname,libc.musl-x86_64.so.1 -o libc.so empty.c && "
      "cc -shared -o data/addon.node empty.c -Wl,--no-as-needed libc.so -l:libz.so.1");
  Plan plan = with_data(folder.path("data") + ":/app");
  CHECK(plan.warnings.empty());
  CHECK_FALSE(wants(plan, "/lib/x86_64-linux-gnu/libz.so.1"));
}

TEST_CASE("a binary brings what it needs, and stays at its place without DEST") {
  Plan plan = with_binary("/usr/bin/curl");
  CHECK(wants(plan, "/usr/bin/curl"));
  CHECK(wants(plan, "/lib/x86_64-linux-gnu/libcurl.so.4"));
  REQUIRE(plan.programs.size() == 1);
  CHECK(plan.programs[0].path == "/usr/bin/curl");
  CHECK(plan.wants[0].reason == "--add-binary /usr/bin/curl");
  CHECK_FALSE(plan.wants[0].container_first);
}

TEST_CASE("a binary with DEST lies there") {
  ScratchFolder folder;
  std::string file = folder.copy("tool", "/usr/bin/curl");
  Plan plan = with_binary(file + ":bin", Sysroot(), "/opt");
  REQUIRE(wants(plan, "/opt/bin/tool"));
  CHECK(wants(plan, "/lib/x86_64-linux-gnu/libcurl.so.4"));
  FileSet files = collect(plan, Sysroot(), {});
  CHECK(files["/opt/bin/tool"].source == file);
  CHECK(files["/opt/bin/tool"].mode == 0755);
}

TEST_CASE("a binary put where it lies is the sysroot's own, with its links") {
  ScratchFolder folder;
  std::string link = folder.link("link", "/usr/bin/env");
  Plan plan = with_binary(link + ":" + folder.path());
  REQUIRE(wants(plan, link));
  for (const Want& want : plan.wants) CHECK(want.source.empty());
}

TEST_CASE("an absolute binary that the sysroot has comes from there, others from the machine") {
  ScratchFolder folder;
  folder.copy("root/usr/bin/tool", "/usr/bin/true");
  folder.copy("root/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6");
  folder.copy("root/lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
  folder.copy("outside", "/usr/bin/true");
  Sysroot sysroot(folder.path("root"));
  FileSet files = collect(with_binary("/usr/bin/tool", sysroot), sysroot, {});
  CHECK(files["/usr/bin/tool"].source == folder.path("root/usr/bin/tool"));
  files = collect(with_binary("/usr/bin/tool:/opt", sysroot), sysroot, {});
  CHECK(files["/opt/tool"].source == folder.path("root/usr/bin/tool"));
  files = collect(with_binary(folder.path("outside") + ":/opt", sysroot), sysroot, {});
  CHECK(files["/opt/outside"].source == folder.path("outside"));
  CHECK(files.contains("/lib/x86_64-linux-gnu/libc.so.6"));
}

TEST_CASE("binaries of a directory or a pattern are each added") {
  ScratchFolder folder;
  folder.copy("tools/one", "/usr/bin/true");
  folder.copy("tools/deep/two", "/usr/bin/curl");
  folder.link("tools/deep/round", "..");
  Plan plan = with_binary(folder.path("tools") + ":/opt/tools");
  CHECK(wants(plan, "/opt/tools/one"));
  CHECK(wants(plan, "/opt/tools/deep/two"));
  CHECK(wants(plan, "/lib/x86_64-linux-gnu/libcurl.so.4"));
  plan = with_binary(folder.path("tools/*e") + ":/opt");
  CHECK(wants(plan, "/opt/one"));
  CHECK(wants(with_binary("/usr/bin/tru[e]"), "/usr/bin/true"));
}

TEST_CASE("a binary specification that makes no sense is wrong usage, a missing file an error") {
  for (const char* spec : {"", ":", "a:", ":/b"}) {
    CAPTURE(spec);
    CHECK_THROWS_AS(with_binary(spec), UsageError);
  }
  CHECK_THROWS_AS(with_binary("/nonsense/file"), Error);
  CHECK_THROWS_AS(with_binary("/nonsense/file:/opt"), Error);
}
