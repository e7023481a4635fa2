// The rules of musl's linker, one a case, each compared with what the machine's own musl says.
#include <doctest/doctest.h>

#include "bundler/find/search_path.h"
#include "tests/cases/tiny_programs.h"

using namespace scratchpack;

namespace {

using Lines = std::vector<std::string>;

const std::string kMusl = "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 ";
const std::string kRunPath = "-Wl,--enable-new-dtags,-rpath,";
const std::string kSoname = "-Wl,-soname,";

}  // namespace

TEST_CASE("the names of the C library's parts are musl's linker itself") {
  TinyPrograms tiny;
  for (const char* name : {"libc.so", "libpthread.so.0", "libm.so.6", "libc.musl-x86_64.so.1"}) {
    tiny.library(name, {}, kSoname + name);
  }
  tiny.program("p", {"libc.so", "libpthread.so.0", "libm.so.6", "libc.musl-x86_64.so.1"},
               kMusl + kRunPath + "@");
  CHECK(tiny.walk("p") == Lines{"libc.so => /lib/ld-musl-x86_64.so.1"});
}

TEST_CASE("a program built by musl-gcc needs its linker and nothing of glibc") {
  TinyPrograms tiny;
  tiny.folder().write("main.c", "#include <stdio.h>\nint main(void) { return puts(\"x\") < 0; }");
  tiny.folder().run("musl-gcc main.c -o p");
  CHECK(tiny.walk("p") == Lines{"libc.so => /lib/ld-musl-x86_64.so.1"});
}

TEST_CASE("musl inherits run paths from who loaded an object, old and new alike") {
  TinyPrograms tiny;
  tiny.library("one/libb.so", {}, kSoname + "libb.so");
  tiny.library("one/liba.so", {"one/libb.so"}, kSoname + "liba.so " + kRunPath + "/nowhere");
  tiny.program("p", {"one/liba.so"}, kMusl + kRunPath + "'$ORIGIN/one'");
  CHECK(tiny.walk("p") == Lines{"liba.so => @/one/liba.so", "libb.so => @/one/libb.so"});
}

TEST_CASE("musl looks into the library path before any run path") {
  TinyPrograms tiny;
  tiny.library("own/liba.so", {}, kSoname + "liba.so");
  tiny.library("given/liba.so", {}, kSoname + "liba.so");
  tiny.program("p", {"own/liba.so"}, kMusl + "-Wl,--disable-new-dtags,-rpath,@/own");
  ResolveOptions options;
  options.library_path = {tiny.path("given")};
  CHECK(tiny.walk("p", options) == Lines{"liba.so => @/given/liba.so"});
}

TEST_CASE("musl ignores a run path with a token it does not know") {
  TinyPrograms tiny;
  tiny.library("own/liba.so", {}, kSoname + "liba.so");
  tiny.program("p", {"own/liba.so"}, kMusl + kRunPath + "'@/own:@/$LIB'");
  CHECK(tiny.walk("p") == Lines{"liba.so => not found"});
}

TEST_CASE("musl knows a library by its file's name, not by its soname") {
  TinyPrograms tiny;
  tiny.library("libname.so", {}, kSoname + "libname.so");
  tiny.library("libb.so", {"libname.so"}, kSoname + "libb.so");
  tiny.library("file.so");
  tiny.program("p", {"-L. -l:file.so", "libb.so"}, kMusl + kRunPath + "@");
  tiny.folder().run("mv libname.so file.so");
  CHECK(tiny.walk("p") ==
        Lines{"file.so => @/file.so", "libb.so => @/libb.so", "libname.so => not found"});
}

TEST_CASE("musl's search path comes from the file beside its directory") {
  CHECK(musl_path_file("/lib/ld-musl-x86_64.so.1") == "/etc/ld-musl-x86_64.path");
  CHECK(musl_path_file("/opt/musl/lib/ld-musl-x86_64.so.1") == "/opt/musl/etc/ld-musl-x86_64.path");
  ScratchFolder folder;
  Sysroot sysroot(folder.path());
  CHECK(musl_directories(sysroot, "/lib/ld-musl-x86_64.so.1") ==
        Lines{"/lib", "/usr/local/lib", "/usr/lib"});
  folder.write("etc/ld-musl-x86_64.path", "/one:/two\n/three\n");
  CHECK(musl_directories(sysroot, "/lib/ld-musl-x86_64.so.1") == Lines{"/one", "/two", "/three"});
}
