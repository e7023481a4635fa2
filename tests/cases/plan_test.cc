// What a plan holds for each kind of application, and what is refused.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/find/ld_cache.h"
#include "tests/cases/tiny_programs.h"

using namespace scratchpack;

namespace {

using Lines = std::vector<std::string>;

const std::string kSoname = "-Wl,-soname,";
const std::string kRunPath = "-Wl,--enable-new-dtags,-rpath,";

Plan plan_of(const std::string& path, const ResolveOptions& options = {}) {
  return plan_application(Sysroot(), path, options);
}

const Want* find_want(const Plan& plan, const std::string& path) {
  auto want = std::find_if(plan.wants.begin(), plan.wants.end(),
                           [&](const Want& want) { return want.path == path; });
  return want == plan.wants.end() ? nullptr : &*want;
}

std::string reason_of(const Plan& plan, const std::string& path) {
  const Want* want = find_want(plan, path);
  return want == nullptr ? "not planned" : want->reason;
}

/// The refusal of an application, with `@` for the folder.
std::string refusal(const TinyPrograms& tiny, const std::string& name) {
  try {
    plan_of(tiny.path(name));
  } catch (const Error& error) {
    return tiny.short_text(error.what());
  }
  return "planned";
}

void write_script(const TinyPrograms& tiny, const std::string& name, const std::string& text) {
  tiny.folder().write(name, text);
  std::filesystem::permissions(tiny.path(name), std::filesystem::perms(0755));
}

std::optional<LdCache> cache_of(const Plan& plan) {
  const Want* want = find_want(plan, "/etc/ld.so.cache");
  REQUIRE(want != nullptr);
  REQUIRE(want->content);
  return LdCache::read(Bytes(want->content->begin(), want->content->end()));
}

}  // namespace

TEST_CASE("a dynamic program brings its linker and its libraries, each with its reason") {
  TinyPrograms tiny;
  tiny.library("libb.so", {}, kSoname + "libb.so");
  tiny.library("liba.so", {"libb.so"}, kSoname + "liba.so " + kRunPath + "@");
  tiny.program("p", {"liba.so"}, kRunPath + "@");
  Plan plan = plan_of(tiny.path("p"));
  CHECK(plan.kind == ApplicationKind::dynamic_elf);
  CHECK(plan.launch_path == tiny.path("p"));
  CHECK(plan.arguments.empty());
  CHECK(plan.interpreter == "/lib64/ld-linux-x86-64.so.2");
  CHECK(reason_of(plan, tiny.path("p")) == "the application");
  CHECK(reason_of(plan, plan.interpreter) == "dynamic linker of " + tiny.path("p"));
  CHECK(reason_of(plan, tiny.path("liba.so")) == "needed by " + tiny.path("p"));
  CHECK(reason_of(plan, tiny.path("libb.so")) == "needed by " + tiny.path("liba.so"));
  REQUIRE(plan.programs.size() == 1);
  CHECK(plan.programs[0].libraries == Lines{tiny.path("liba.so"), tiny.path("libb.so")});
}

TEST_CASE("a missing library is planned as missing, with every place") {
  TinyPrograms tiny;
  tiny.library("liba.so", {}, kSoname + "liba.so");
  tiny.program("p", {"liba.so"}, kRunPath + "@/none");
  Plan plan = plan_of(tiny.path("p"));
  REQUIRE(plan.missing.size() == 1);
  CHECK(plan.missing[0].name == "liba.so");
  CHECK(plan.missing[0].tried.size() == 6);
}

TEST_CASE("static programs pass through as they are") {
  TinyPrograms tiny;
  tiny.folder().write("main.c", "int main(void) { return 0; }");
  tiny.folder().run("gcc -static main.c -o fixed && gcc -static-pie main.c -o pie");
  for (const char* name : {"fixed", "pie"}) {
    Plan plan = plan_of(tiny.path(name));
    CHECK(plan.kind == ApplicationKind::static_elf);
    CHECK(plan.launch_path == tiny.path(name));
    CHECK(plan.interpreter.empty());
    CHECK(plan.wants.size() == 1);
    plan_ld_cache(plan, Sysroot());
    CHECK(plan.wants.size() == 1);
  }
}

TEST_CASE("what cannot be bundled is refused in one line that says why") {
  TinyPrograms tiny;
  tiny.library("liba.so");
  CHECK(refusal(tiny, "liba.so") ==
        "build @/liba.so: is a shared library, not a program (name the program that loads it; "
        "--add-binary adds a library to a program's bundle)");
  tiny.program("arm");
  tiny.folder().copy("narrow", tiny.path("arm"));
  tiny.folder().run("printf '\\267' | dd of=arm bs=1 seek=18 conv=notrunc status=none");
  CHECK(refusal(tiny, "arm") ==
        "build @/arm: is built for AArch64, this tool bundles x86-64 programs (build it for "
        "x86-64)");
  tiny.folder().run(
      "printf '\\001' | dd of=narrow bs=1 seek=4 conv=notrunc status=none && "
      "printf '\\003' | dd of=narrow bs=1 seek=18 conv=notrunc status=none");
  CHECK(refusal(tiny, "narrow").starts_with("build @/narrow: is built for 32-bit x86,"));
  tiny.folder().run("gcc -c empty.c -o object && chmod +x object && mkdir directory");
  CHECK(refusal(tiny, "object") ==
        "build @/object: is an ELF file, but neither a program nor a shared library (link it "
        "first)");
  CHECK(refusal(tiny, "directory") == "build @/directory: is a directory (name the program in it)");
  CHECK(refusal(tiny, "none") == "build @/none: does not exist (name an installed program)");
  CHECK(refusal(tiny, "none/p") ==
        "build @/none/p: cannot be reached, as @/none does not exist (name an installed program)");
  write_script(tiny, "text", "just words\n");
  CHECK(refusal(tiny, "text") ==
        "build @/text: is neither an ELF program nor a script that begins with #! (name a "
        "program)");
  tiny.program("plain");
  tiny.folder().run("chmod -x plain");
  CHECK(refusal(tiny, "plain") == "build @/plain: is not executable (chmod +x it)");
  tiny.program("lost", {}, "-Wl,--dynamic-linker=/lib/ld-gone.so.1");
  CHECK(refusal(tiny, "lost") ==
        "build @/lost: its dynamic linker /lib/ld-gone.so.1 does not exist (install the C library "
        "it was built for, or name the root file system that has it with --sysroot)");
}

TEST_CASE("a script starts its interpreter with its argument and itself") {
  TinyPrograms tiny;
  tiny.program("shell");
  write_script(tiny, "script", fmt::format("#! {} -e -u \nwords\n", tiny.path("shell")));
  Plan plan = plan_of(tiny.path("script"));
  CHECK(plan.kind == ApplicationKind::script);
  CHECK(plan.launch_path == tiny.path("shell"));
  CHECK(plan.arguments == Lines{"-e -u", tiny.path("script")});
  CHECK(plan.interpreter == "/lib64/ld-linux-x86-64.so.2");
  CHECK(reason_of(plan, tiny.path("shell")) == "interpreter of " + tiny.path("script"));
  CHECK(plan.programs.at(0).path == tiny.path("shell"));
  CHECK(plan.warnings.size() == 1);
}

TEST_CASE("an interpreter that is a script is followed, four deep") {
  TinyPrograms tiny;
  tiny.program("shell");
  write_script(tiny, "one", fmt::format("#!{} x\n", tiny.path("shell")));
  write_script(tiny, "two", fmt::format("#!{}\n", tiny.path("one")));
  Plan plan = plan_of(tiny.path("two"));
  CHECK(plan.launch_path == tiny.path("shell"));
  CHECK(plan.arguments == Lines{"x", tiny.path("one"), tiny.path("two")});
  write_script(tiny, "self", fmt::format("#!{}\n", tiny.path("self")));
  CHECK(refusal(tiny, "self") == "build @/self: its interpreters are scripts, more than 4 deep");
}

TEST_CASE("env brings the program that it runs") {
  TinyPrograms tiny;
  for (const char* line :
       {"#!/usr/bin/env perl", "#!/usr/bin/env -S A=1 -u B perl -w", "#!/usr/bin/env -vS perl"}) {
    write_script(tiny, "script", std::string(line) + "\n");
    Plan plan = plan_of(tiny.path("script"));
    CHECK(plan.launch_path == "/usr/bin/env");
    CHECK(plan.programs.at(0).path == "/usr/bin/env");
    CHECK(plan.programs.at(1).path == "/usr/bin/perl");
    CHECK(reason_of(plan, "/usr/bin/perl") == "run by " + tiny.path("script"));
  }
  write_script(tiny, "script", "#!/usr/bin/env no-such-program\n");
  Plan plan = plan_of(tiny.path("script"));
  REQUIRE(plan.missing.size() == 1);
  CHECK(plan.missing[0].name == "no-such-program");
  CHECK(plan.missing[0].tried.size() == 6);
}

TEST_CASE("what is wrong with an interpreter is said") {
  TinyPrograms tiny;
  write_script(tiny, "gone", "#!/no/shell\n");
  write_script(tiny, "dos", "#!/bin/sh\r\n");
  write_script(tiny, "relative", "#!sh\n");
  write_script(tiny, "long", "#!/" + std::string(300, 'x') + "\n");
  CHECK(refusal(tiny, "gone") ==
        "build @/gone: its interpreter /no/shell cannot be reached, as /no does not exist (install "
        "it, or change the first line)");
  CHECK(refusal(tiny, "dos").find("carriage return") != std::string::npos);
  CHECK(refusal(tiny, "relative").find("not an absolute path") != std::string::npos);
  CHECK(refusal(tiny, "long").find("neither an ELF program nor a script") != std::string::npos);
}

TEST_CASE("a library that moves takes along what it finds by $ORIGIN") {
  TinyPrograms tiny;
  tiny.library("made/inner/libb.so", {}, kSoname + "libb.so");
  tiny.library("made/plugin.so", {"made/inner/libb.so"}, kRunPath + "'$ORIGIN/inner'");
  Plan plan = plan_of("/bin/ls");
  plan_binary(plan, Sysroot(),
              Want{.path = "/opt/plugin.so",
                   .reason = "--add-binary",
                   .source = tiny.path("made/plugin.so")},
              {});
  CHECK(reason_of(plan, "/opt/plugin.so") == "--add-binary");
  const Want* moved = find_want(plan, "/opt/inner/libb.so");
  REQUIRE(moved != nullptr);
  CHECK(moved->source == tiny.path("made/inner/libb.so"));
  CHECK(moved->reason == "needed by /opt/plugin.so");
  CHECK(plan.missing.empty());
  CHECK(plan.programs.size() == 1);
}

TEST_CASE("a plugin may need what its program has loaded, and misses what nobody has") {
  TinyPrograms tiny;
  tiny.library("own/liba.so", {}, kSoname + "liba.so");
  tiny.library("libgone.so", {}, kSoname + "libgone.so");
  tiny.library("plugin.so", {"own/liba.so", "libgone.so"});
  tiny.program("p", {"own/liba.so"}, kRunPath + "@/own");
  Plan plan = plan_of(tiny.path("p"));
  plan_binary(plan, Sysroot(), Want{.path = tiny.path("plugin.so"), .reason = "plugin"}, {});
  REQUIRE(plan.missing.size() == 1);
  CHECK(plan.missing[0].name == "libgone.so");
}

TEST_CASE("a helper program, a script and a plain file can be added") {
  TinyPrograms tiny;
  tiny.program("helper");
  write_script(tiny, "script", fmt::format("#!{}\n", tiny.path("helper")));
  tiny.folder().write("text", "words");
  Plan plan = plan_of("/bin/ls");
  for (const char* name : {"script", "text"}) {
    plan_binary(plan, Sysroot(), Want{.path = tiny.path(name), .reason = "--add-binary"}, {});
    CHECK(reason_of(plan, tiny.path(name)) == "--add-binary");
  }
  CHECK(plan.programs.size() == 2);
  CHECK(plan.programs.at(1).path == tiny.path("helper"));
  CHECK_THROWS_AS(plan_binary(plan, Sysroot(), Want{.path = "/no/file", .reason = "x"}, {}), Error);
}

TEST_CASE("the generated cache lists every library of the plan under its soname") {
  Sysroot machine;
  Plan plan = plan_of("/usr/bin/curl");
  plan_ld_cache(plan, machine);
  plan_ld_cache(plan, machine);
  CHECK(std::count_if(plan.wants.begin(), plan.wants.end(),
                      [](const Want& want) { return want.path == "/etc/ld.so.cache"; }) == 1);
  std::optional<LdCache> cache = cache_of(plan);
  REQUIRE(cache);
  for (const std::string& library : plan.programs[0].libraries) {
    CHECK(cache->find(library.substr(library.rfind('/') + 1), {""}) == library);
  }
}

TEST_CASE("of two libraries with one name the cache gives the one of the root's own cache") {
  TinyPrograms tiny;
  tiny.library("libz.so.1", {}, kSoname + "libz.so.1");
  tiny.program("p", {"libz.so.1"}, kRunPath + "@");
  Plan plan = plan_of(tiny.path("p"));
  plan_binary(plan, Sysroot(), Want{.path = "/usr/bin/curl", .reason = "helper"}, {});
  plan_ld_cache(plan, Sysroot());
  CHECK(cache_of(plan)->find("libz.so.1", {""}) == "/lib/x86_64-linux-gnu/libz.so.1");
}

TEST_CASE("the machine's linker finds by the generated cache what lay in the library path") {
  TinyPrograms tiny;
  tiny.library("odd/liba.so", {}, kSoname + "liba.so");
  tiny.program("bin/p", {"odd/liba.so"});
  tiny.folder().copy("lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
  Sysroot root(tiny.folder().path());
  ResolveOptions options;
  options.library_path = {"/odd"};
  Plan plan = plan_application(root, "/bin/p", options);
  CHECK(plan.missing.empty());
  plan_ld_cache(plan, root);
  const std::string list = std::string(::geteuid() == 0 ? "" : "unshare -r ") +
                           "chroot . /lib64/ld-linux-x86-64.so.2 --list /bin/p 2>&1";
  CHECK(output_of(list, tiny.folder().path()).find("liba.so => /odd") == std::string::npos);
  tiny.folder().write("etc/ld.so.cache", *find_want(plan, "/etc/ld.so.cache")->content);
  CHECK(output_of(list, tiny.folder().path()).find("liba.so => /odd/liba.so (0x") !=
        std::string::npos);
}

TEST_CASE("a musl program brings its search path, with the library path in front") {
  TinyPrograms tiny;
  tiny.library("odd/liba.so", {}, kSoname + "liba.so");
  tiny.program("p", {"odd/liba.so"}, "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1");
  Plan plan = plan_of(tiny.path("p"));
  CHECK(plan.missing.size() == 1);
  CHECK(reason_of(plan, "/etc/ld-musl-x86_64.path") == "search path of the dynamic linker");
  ResolveOptions options;
  options.library_path = {tiny.path("odd")};
  plan = plan_of(tiny.path("p"), options);
  plan_ld_cache(plan, Sysroot());
  CHECK(plan.missing.empty());
  CHECK(find_want(plan, "/etc/ld-musl-x86_64.path")->content->starts_with(tiny.path("odd") + "\n"));
  CHECK(find_want(plan, "/etc/ld.so.cache") == nullptr);
}
