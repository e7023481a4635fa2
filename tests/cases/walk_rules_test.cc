// The rules of glibc's linker, one a case. Every walk here is also compared with what the machine's
// own linker says about the same files (TinyPrograms::walk).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "bundler/base/error.h"
#include "tests/cases/tiny_programs.h"

using namespace scratchpack;

namespace {

using Lines = std::vector<std::string>;

const std::string kRunPath = "-Wl,--enable-new-dtags,-rpath,";
const std::string kOldPath = "-Wl,--disable-new-dtags,-rpath,";
const std::string kSoname = "-Wl,-soname,";

std::string only_places_in(const Lines& tried, const std::string& prefix) {
  std::string text;
  for (const std::string& line : tried) {
    if (line.starts_with(prefix)) text += line + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("the DT_RUNPATH of a parent is not inherited") {
  TinyPrograms tiny;
  tiny.library("one/libb.so", {}, kSoname + "libb.so");
  tiny.library("one/liba.so", {"one/libb.so"}, kSoname + "liba.so");
  tiny.program("p", {"one/liba.so"}, kRunPath + "@/one");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/one/liba.so", "libb.so => not found"});
}

TEST_CASE("the DT_RPATH of a parent is inherited") {
  TinyPrograms tiny;
  tiny.library("one/libb.so", {}, kSoname + "libb.so");
  tiny.library("one/liba.so", {"one/libb.so"}, kSoname + "liba.so");
  tiny.program("p", {"one/liba.so"}, kOldPath + "@/one");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/one/liba.so", "libb.so => @/one/libb.so"});
}

TEST_CASE("an object with a DT_RUNPATH does not look into the DT_RPATH of its parents") {
  TinyPrograms tiny;
  tiny.library("one/libb.so", {}, kSoname + "libb.so");
  tiny.library("one/liba.so", {"one/libb.so"}, kSoname + "liba.so " + kRunPath + "@/other");
  tiny.program("p", {"one/liba.so"}, kOldPath + "@/one");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/one/liba.so", "libb.so => not found"});
}

TEST_CASE("DT_RPATH goes before the library path, DT_RUNPATH behind it") {
  TinyPrograms tiny;
  for (const char* folder : {"own", "given"}) {
    tiny.library(fmt::format("{}/liba.so", folder), {}, kSoname + "liba.so");
  }
  ResolveOptions options;
  options.library_path = {tiny.path("given")};
  tiny.program("old", {"own/liba.so"}, kOldPath + "@/own");
  tiny.program("new", {"own/liba.so"}, kRunPath + "@/own");
  CHECK(tiny.walk("old", options) == Lines{"liba.so => @/own/liba.so"});
  CHECK(tiny.walk("new", options) == Lines{"liba.so => @/given/liba.so"});
}

TEST_CASE("the library path goes before the cache") {
  TinyPrograms tiny;
  tiny.library("given/libz.so.1", {}, kSoname + "libz.so.1");
  tiny.program("p", {"given/libz.so.1"});
  ResolveOptions options;
  options.library_path = {tiny.path("given")};
  CHECK(tiny.walk("p", options) == Lines{"libz.so.1 => @/given/libz.so.1"});
  CHECK(tiny.walk("p")[0] == "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1");
}

TEST_CASE("$ORIGIN is where the object itself lies, for a program behind its links") {
  TinyPrograms tiny;
  tiny.library("app/lib/inner/libb.so", {}, kSoname + "libb.so");
  tiny.library("app/lib/liba.so", {"app/lib/inner/libb.so"},
               kSoname + "liba.so " + kRunPath + "'$ORIGIN/inner'");
  tiny.program("app/bin/p", {"app/lib/liba.so"}, kRunPath + "'${ORIGIN}/../lib'");
  tiny.folder().link("p", "app/bin/p");
  Lines lines = {"liba.so => @/app/bin/../lib/liba.so",
                 "libb.so => @/app/bin/../lib/inner/libb.so"};
  CHECK(tiny.walk("app/bin/p") == lines);
  CHECK(tiny.walk("p") == lines);
}

TEST_CASE("$LIB and $PLATFORM are what the linker was built with, unknown tokens stay") {
  TinyPrograms tiny;
  tiny.library("lib/x86_64-linux-gnu/liba.so", {}, kSoname + "liba.so");
  tiny.library("x86_64/libb.so", {}, kSoname + "libb.so");
  tiny.library("other/libother.so", {}, kSoname + "libother.so");
  tiny.program("p", {"lib/x86_64-linux-gnu/liba.so", "x86_64/libb.so", "other/libother.so"},
               kRunPath + "'@/$LIB:@/${PLATFORM}:@/$OTHER'");
  std::filesystem::rename(tiny.path("other"), tiny.path("$OTHER"));
  CHECK(tiny.walk("p") == Lines{"liba.so => @/lib/x86_64-linux-gnu/liba.so",
                                "libb.so => @/x86_64/libb.so",
                                "libother.so => @/$OTHER/libother.so"});
}

TEST_CASE("DF_1_NODEFLIB forbids the cache and the default directories") {
  TinyPrograms tiny;
  tiny.library("libz.so.1", {}, kSoname + "libz.so.1");
  tiny.program("p", {"libz.so.1"}, "-Wl,-z,nodefaultlib");
  CHECK(tiny.walk("p") == Lines{"libz.so.1 => not found"});
  CHECK(tiny.tried("p")[0] ==
        "/lib/x86_64-linux-gnu/libz.so.1 (/etc/ld.so.cache: @/p forbids default directories "
        "(DF_1_NODEFLIB))");
}

TEST_CASE("a name with a slash is opened as it is, and known by it") {
  TinyPrograms tiny;
  tiny.library("far/liba.so");
  tiny.library("libb.so", {tiny.path("far/liba.so")}, kSoname + "libb.so");
  tiny.program("p", {tiny.path("far/liba.so"), "libb.so"}, kRunPath + "@");
  CHECK(tiny.walk("p") == Lines{"@/far/liba.so => @/far/liba.so", "libb.so => @/libb.so"});
}

TEST_CASE("a library is found again under its soname however it was asked for") {
  TinyPrograms tiny;
  tiny.library("libname.so.1", {}, kSoname + "libname.so.1");
  tiny.library("libb.so", {"libname.so.1"}, kSoname + "libb.so");
  tiny.library("far/file.so");
  tiny.program("p", {tiny.path("far/file.so"), "libb.so"}, kRunPath + "@");
  std::filesystem::rename(tiny.path("libname.so.1"), tiny.path("far/file.so"));
  CHECK(tiny.walk("p") == Lines{"@/far/file.so => @/far/file.so", "libb.so => @/libb.so"});
}

TEST_CASE("one file under two names is loaded once") {
  TinyPrograms tiny;
  tiny.library("libone.so");
  tiny.folder().copy("libtwo.so", tiny.path("libone.so"));
  tiny.program("p", {"-L. -l:libone.so -l:libtwo.so"}, kRunPath + "@");
  std::filesystem::remove(tiny.path("libtwo.so"));
  tiny.folder().link("libtwo.so", "libone.so");
  CHECK(tiny.walk("p") == Lines{"libone.so => @/libone.so"});
}

TEST_CASE("libraries load breadth first, each once, circles end") {
  TinyPrograms tiny;
  tiny.library("libd.so", {}, kSoname + "libd.so");
  tiny.library("libc1.so", {"libd.so"}, kSoname + "libc1.so");
  tiny.library("libb.so", {}, kSoname + "libb.so");
  tiny.library("liba.so", {"libc1.so", "libb.so"}, kSoname + "liba.so");
  tiny.library("libb.so", {"liba.so", "libd.so"}, kSoname + "libb.so");
  tiny.program("p", {"liba.so", "libb.so"}, kOldPath + "@");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/liba.so", "libb.so => @/libb.so",
                                "libc1.so => @/libc1.so", "libd.so => @/libd.so"});
}

TEST_CASE("a file of another class or machine is passed over") {
  TinyPrograms tiny;
  tiny.library("right/liba.so", {}, kSoname + "liba.so");
  for (const char* name : {"narrow/liba.so", "arm/liba.so"}) {
    tiny.folder().copy(name, tiny.path("right/liba.so"));
  }
  tiny.folder().run("printf '\\001' | dd of=narrow/liba.so bs=1 seek=4 conv=notrunc status=none");
  tiny.folder().run("printf '\\267' | dd of=arm/liba.so bs=1 seek=18 conv=notrunc status=none");
  tiny.program("p", {"right/liba.so"}, kRunPath + "@/narrow:@/arm:@/right");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/right/liba.so"});
  std::filesystem::remove(tiny.path("right/liba.so"));
  CHECK(only_places_in(tiny.tried("p"), "@") ==
        "@/narrow/liba.so (DT_RUNPATH of @/p: is for x32)\n"
        "@/arm/liba.so (DT_RUNPATH of @/p: is for AArch64)\n"
        "@/right/liba.so (DT_RUNPATH of @/p: no such file)\n");
}

TEST_CASE("a file that is no ELF file ends the search, as the linker stops there") {
  TinyPrograms tiny;
  tiny.library("right/liba.so", {}, kSoname + "liba.so");
  tiny.folder().write("script/liba.so", "GROUP ( libc.so.6 )\n");
  tiny.program("p", {"right/liba.so"}, kRunPath + "@/script:@/right");
  CHECK(tiny.tried("p") ==
        Lines{"@/script/liba.so (DT_RUNPATH of @/p: not an ELF file; the linker stops here)"});
}

TEST_CASE("a missing library lists every place in the order of the linker, and why") {
  TinyPrograms tiny;
  tiny.library("libgone.so", {}, kSoname + "libgone.so");
  tiny.program("p", {"libgone.so"}, kRunPath + "'@/own:relative:$ORIGIN/x'");
  std::filesystem::remove(tiny.path("libgone.so"));
  tiny.folder().link("given/libgone.so", "nowhere");
  ResolveOptions options;
  options.library_path = {tiny.path("given")};
  CHECK(tiny.tried("p", options) ==
        Lines{"@/given/libgone.so (library path: a link that leads nowhere)",
              "@/own/libgone.so (DT_RUNPATH of @/p: no such file)",
              "relative/libgone.so (DT_RUNPATH of @/p: depends on the working directory)",
              "@/x/libgone.so (DT_RUNPATH of @/p: no such file)",
              "/etc/ld.so.cache (does not list libgone.so)",
              "/lib/x86_64-linux-gnu/libgone.so (default directory: no such file)",
              "/usr/lib/x86_64-linux-gnu/libgone.so (default directory: no such file)",
              "/lib/libgone.so (default directory: no such file)",
              "/usr/lib/libgone.so (default directory: no such file)"});
  CHECK(resolve(Sysroot(), tiny.path("p"), options).missing[0].needed_by == tiny.path("p"));
}

TEST_CASE("links in a circle are no file") {
  TinyPrograms tiny;
  tiny.library("liba.so", {}, kSoname + "liba.so");
  tiny.program("p", {"liba.so"}, kRunPath + "@/circle");
  tiny.folder().link("circle/liba.so", "other");
  tiny.folder().link("circle/other", "liba.so");
  CHECK(tiny.walk("p") == Lines{"liba.so => not found"});
  CHECK(tiny.tried("p")[0] == "@/circle/liba.so (DT_RUNPATH of @/p: a link that leads nowhere)");
}

TEST_CASE("glibc-hwcaps directories are left aside unless a level is asked for") {
  TinyPrograms tiny;
  tiny.library("liba.so", {}, kSoname + "liba.so");
  tiny.library("glibc-hwcaps/x86-64-v2/liba.so", {}, kSoname + "liba.so");
  tiny.library("glibc-hwcaps/x86-64-v4/liba.so", {}, kSoname + "liba.so");
  tiny.program("p", {"liba.so"}, kRunPath + "@");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/liba.so"});
  ResolveOptions options;
  options.hwcaps = "x86-64-v3";
  CHECK(resolve(Sysroot(), tiny.path("p"), options).libraries[0].path ==
        tiny.path("glibc-hwcaps/x86-64-v2/liba.so"));
  options.hwcaps = "x86-64-v9";
  CHECK_THROWS_AS(resolve(Sysroot(), tiny.path("p"), options), UsageError);
}

TEST_CASE("filters bring their library, auxiliary ones only where it is there") {
  TinyPrograms tiny;
  tiny.library("libreal.so", {}, kSoname + "libreal.so");
  tiny.library("liba.so", {}, kSoname + "liba.so -Wl,-F,libreal.so");
  tiny.library("libb.so", {}, kSoname + "libb.so -Wl,-f,libnone.so");
  tiny.program("p", {"liba.so", "libb.so"}, kOldPath + "@");
  Closure closure = resolve(Sysroot(), tiny.path("p"), {});
  CHECK(closure.libraries.size() == 3);
  CHECK(closure.missing.empty());
}

TEST_CASE("the linker that a library needs is the program's own, under its own path") {
  Closure closure = resolve(Sysroot(), "/bin/ls", {});
  CHECK(closure.interpreter == "/lib64/ld-linux-x86-64.so.2");
  auto linker = std::find_if(closure.libraries.begin(), closure.libraries.end(),
                             [](const Library& l) { return l.name.starts_with("ld-linux"); });
  if (linker != closure.libraries.end()) CHECK(linker->path == closure.interpreter);
}

TEST_CASE("a run path of thousands of directories ends in an error, not in minutes") {
  TinyPrograms tiny;
  tiny.library("liba.so");
  std::string needs = "-L.", directories;
  for (int i = 0; i < 100; ++i) {
    tiny.folder().copy(fmt::format("lib{}.so", i), tiny.path("liba.so"));
    needs += fmt::format(" -l:lib{}.so", i);
  }
  for (int i = 0; i < 8000; ++i) directories += fmt::format("/x/{}:", i);
  tiny.program("p", {needs}, kRunPath + directories);
  CHECK_THROWS_WITH_AS(resolve(Sysroot(), tiny.path("p"), {}),
                       doctest::Contains("more than 500000 places to look in"), Error);
}
