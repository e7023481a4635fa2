#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>

#include "bundler/content/packages.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

const char* kStatus =
    "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
    "Version: 1:1.2.13\nDescription: compression\n library\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n"
    "Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5\n\n"
    "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2\n";

FileEntry file_at(const std::string& source) { return {.source = source}; }

}  // namespace

TEST_CASE("files are named after the package that lists them, merged directories included") {
  ScratchFolder folder;
  folder.write("var/lib/dpkg/status", kStatus);
  folder.write("var/lib/dpkg/info/zlib1g:amd64.list", "/.\n/lib\n/lib/libz.so.1\n/usr/share/z\n");
  folder.write("var/lib/dpkg/info/gone.list", "/usr/share/gone\n");
  folder.write("usr/lib/libz.so.1", "");
  folder.link("lib", "usr/lib");
  Sysroot sysroot(folder.path());
  FileSet files{{"/usr/lib/libz.so.1", file_at(folder.path("usr/lib/libz.so.1"))},
                {"/opt/elsewhere", file_at(folder.path("usr/share/z"))},
                {"/usr/share/z", {.kind = FileKind::symlink, .target = "a"}},
                {"/usr/share/gone", file_at(folder.path("usr/share/gone"))},
                {"/lib", {.kind = FileKind::symlink, .target = "usr/lib"}},
                {"/usr", {.kind = FileKind::directory}}};
  name_packages(files, sysroot);
  CHECK(files["/usr/lib/libz.so.1"].package == "zlib1g 1:1.2.13");
  CHECK(files["/opt/elsewhere"].package == "zlib1g 1:1.2.13");
  CHECK(files["/usr/share/z"].package == "zlib1g 1:1.2.13");
  CHECK(files["/usr/share/gone"].package.empty());
  CHECK(files["/lib"].package.empty());
  CHECK(files["/usr"].package.empty());
}

TEST_CASE("a diverted file belongs to the package that diverted it") {
  ScratchFolder folder;
  folder.write("var/lib/dpkg/status", kStatus);
  folder.write("var/lib/dpkg/info/bash.list", "/bin/sh\n");
  folder.write("var/lib/dpkg/info/dash.list", "/bin/sh\n");
  folder.write("var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\ndash\n");
  Sysroot sysroot(folder.path());
  FileSet files{{"/bin/sh", file_at(folder.path("bin/sh"))},
                {"/bin/sh.distrib", file_at(folder.path("bin/sh.distrib"))}};
  name_packages(files, sysroot);
  CHECK(files["/bin/sh"].package == "dash 0.5");
  CHECK(files["/bin/sh.distrib"].package == "bash 5.2");
}

TEST_CASE("without a dpkg database every package stays unknown") {
  ScratchFolder folder;
  Sysroot sysroot(folder.path());
  FileSet files{{"/f", file_at(folder.path("f"))}};
  name_packages(files, sysroot);
  CHECK(files["/f"].package.empty());
}

TEST_CASE("generated content belongs to no package, whatever lies at its path") {
  ScratchFolder folder;
  folder.write("var/lib/dpkg/status", kStatus);
  folder.write("var/lib/dpkg/info/dash.list", "/etc/conf\n");
  Sysroot sysroot(folder.path());
  FileSet files{{"/etc/conf", {.content = "made by us"}}};
  name_packages(files, sysroot);
  CHECK(files["/etc/conf"].package.empty());
}

TEST_CASE("this machine's packages are named as dpkg names them, quickly") {
  if (!std::filesystem::exists("/usr/bin/dpkg-query")) return;
  Sysroot sysroot;
  Plan plan;
  for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6", "/bin/sh", "/usr/bin/curl"}) {
    plan.wants.push_back({.path = path, .reason = "test"});
  }
  FileSet files = collect(plan, sysroot, {});
  auto start = std::chrono::steady_clock::now();
  name_packages(files, sysroot);
  auto taken = std::chrono::steady_clock::now() - start;
  CHECK(taken < std::chrono::seconds(1));
  MESSAGE("named in ", std::chrono::duration<double, std::milli>(taken).count(), " ms");
  std::string version = output_of("dpkg-query -W -f '${Package} ${Version}' libc6:amd64", "/");
  CHECK(files["/usr/lib/x86_64-linux-gnu/libc.so.6"].package == version);
  version = output_of("dpkg-query -W -f '${Package} ${Version}' curl", "/");
  CHECK(files["/usr/bin/curl"].package == version);
}
