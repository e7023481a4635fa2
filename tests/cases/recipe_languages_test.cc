// Each built-in recipe of an interpreter or a language, on a small root that is laid out as a
// distribution does it: what it adds is there, and not there without it. What the interpreters then
// do in a container, tests/container/real_languages.py shows.
#include <doctest/doctest.h>

#include "bundler/content/file_set.h"
#include "tests/cases/recipe_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

/// An interpreter at `path`, and files that say nothing.
struct LanguageRoot : TinyRoot {
  LanguageRoot(const std::string& path, const std::vector<std::string>& files) {
    program();
    std::string folder = path.substr(1, path.rfind('/') - 1);
    run("mkdir -p " + folder + " && mv app " + path.substr(1));
    for (const std::string& file : files) write(file.substr(1), "12345678901234567890");
  }
};

/// That a recipe brings `files` and nothing of `others`, and that they are missing without it.
void check_recipe(const std::string& recipe, const std::string& application,
                  const std::vector<std::string>& files, const std::vector<std::string>& others) {
  std::vector<std::string> all = files;
  all.insert(all.end(), others.begin(), others.end());
  LanguageRoot root(application, all);
  Sysroot sysroot(root.path());
  bool opt_in = recipe.find('-') != std::string::npos && recipe != "python-venv";
  Plan plan = applied(
      application, {.added = opt_in ? std::vector{recipe} : std::vector<std::string>{}}, sysroot);
  for (const std::string& file : files) {
    CAPTURE(file);
    CHECK(wants(plan, file));
  }
  for (const std::string& file : others) {
    CAPTURE(file);
    CHECK_FALSE(wants(plan, file));
  }
  plan = applied(application, {.excluded = {recipe}}, sysroot);
  for (const std::string& file : files) {
    CAPTURE(file);
    CHECK_FALSE(wants(plan, file));
  }
}

}  // namespace

TEST_CASE("python: the standard library of the version, without tests and packages") {
  check_recipe("python", "/usr/bin/python3.11",
               {"/usr/lib/python3.11/os.py", "/usr/lib/python3.11/json/decoder.py",
                "/usr/lib/python3.11/__pycache__/os.cpython-311.pyc"},
               {"/usr/lib/python3.11/test/test_os.py", "/usr/lib/python3.11/tkinter/__init__.py",
                "/usr/lib/python3.11/__pycache__/os.cpython-311.opt-2.pyc",
                "/usr/lib/python3.9/os.py", "/usr/lib/python3/dist-packages/numpy.py"});
}

TEST_CASE("python: byte code is trusted without a look at its source's time stamp") {
  LanguageRoot root("/opt/python/bin/python3.12", {"/opt/python/lib/python3.12/os.pyc"});
  Plan plan = applied("/opt/python/bin/python3.12", {}, Sysroot(root.path()));
  const Want& code = the_want(plan, "/opt/python/lib/python3.12/os.pyc");
  REQUIRE(code.content);
  CHECK(*code.content == "1234" + std::string("\x01\0\0\0", 4) + "901234567890");
}

TEST_CASE("python: the interpreter of a script brings it, too") {
  LanguageRoot root("/usr/bin/python3.11", {"/usr/lib/python3.11/os.py"});
  root.link("usr/bin/python3", "python3.11");
  root.write("work", "#!/usr/bin/python3\n");
  root.run("chmod 755 work");
  CHECK(wants(applied("/work", {}, Sysroot(root.path())), "/usr/lib/python3.11/os.py"));
}

TEST_CASE("python-venv: a virtual environment brings its packages and where its home is") {
  LanguageRoot root("/usr/bin/python3.11", {"/usr/lib/python3.11/os.py", "/venv/pyvenv.cfg",
                                            "/venv/lib/python3.11/site-packages/mine/__init__.py",
                                            "/venv/lib/python3.11/site-packages/pip/__init__.py"});
  root.link("venv/bin/python", "/usr/bin/python3.11");
  Sysroot sysroot(root.path());
  Plan plan = applied("/venv/bin/python", {}, sysroot);
  CHECK(wants(plan, "/usr/lib/python3.11/os.py"));
  CHECK(wants(plan, "/venv/pyvenv.cfg"));
  CHECK(wants(plan, "/venv/lib/python3.11/site-packages/mine/__init__.py"));
  CHECK_FALSE(wants(plan, "/venv/lib/python3.11/site-packages/pip/__init__.py"));
  plan = applied("/venv/bin/python", {.excluded = {"python-venv"}}, sysroot);
  CHECK_FALSE(wants(plan, "/venv/pyvenv.cfg"));
}

TEST_CASE("python-packages: what is installed beside the interpreter, when asked for") {
  check_recipe("python-packages", "/usr/bin/python3.11",
               {"/usr/lib/python3/dist-packages/numpy.py"}, {});
}

TEST_CASE("python-all: what is left out otherwise, when asked for") {
  check_recipe("python-all", "/usr/bin/python3.11", {"/usr/lib/python3.11/test/test_os.py"}, {});
}

TEST_CASE("perl: its own modules, without documentation and headers") {
  check_recipe("perl", "/usr/bin/perl",
               {"/usr/share/perl/5.36/JSON/PP.pm", "/usr/lib/x86_64-linux-gnu/perl-base/strict.pm",
                "/usr/lib/x86_64-linux-gnu/perl/5.36/Config.pm"},
               {"/usr/share/perl/5.36/pod/perl.pod", "/usr/share/perl5/Any.pm",
                "/usr/lib/x86_64-linux-gnu/perl/5.36/CORE/perl.h"});
}

TEST_CASE("perl-packages: modules that were installed beside it, when asked for") {
  check_recipe("perl-packages", "/usr/bin/perl", {"/usr/share/perl5/Any.pm"}, {});
}

TEST_CASE("ruby: its standard library and gems") {
  check_recipe("ruby", "/usr/bin/ruby3.1",
               {"/usr/lib/ruby/3.1.0/json.rb", "/usr/lib/x86_64-linux-gnu/ruby/3.1.0/rbconfig.rb",
                "/usr/lib/ruby/vendor_ruby/rubygems.rb",
                "/usr/share/rubygems-integration/all/specifications/rake.gemspec"},
               {"/usr/lib/ruby/3.1.0/mkmf.rb"});
}

TEST_CASE("php: the configuration of its version and its extensions") {
  check_recipe("php", "/usr/bin/php8.2",
               {"/etc/php/8.2/cli/php.ini", "/etc/php/8.2/cli/conf.d/20-json.ini",
                "/usr/lib/php/20220829/json.so"},
               {"/etc/php/7.4/cli/php.ini"});
}

TEST_CASE("java: modules, libraries and configuration of the runtime") {
  LanguageRoot root("/opt/jre/bin/java", {"/opt/jre/lib/modules", "/opt/jre/conf/net.properties",
                                          "/opt/jre/lib/src.zip", "/opt/other/lib/modules"});
  root.library("libjli.so", "int unused;");
  root.run(
      "mv lib/x86_64-linux-gnu/libjli.so opt/jre/lib && "
      "echo 'int main(void) { return 0; }' > j.c && cc -o opt/jre/bin/java j.c "
      "-Wl,--no-as-needed -Lopt/jre/lib -l:libjli.so '-Wl,-rpath,$ORIGIN/../lib'");
  Sysroot sysroot(root.path());
  Plan plan = applied("/opt/jre/bin/java", {}, sysroot);
  CHECK(wants(plan, "/opt/jre/lib/modules"));
  CHECK(wants(plan, "/opt/jre/conf/net.properties"));
  CHECK_FALSE(wants(plan, "/opt/jre/lib/src.zip"));
  CHECK_FALSE(wants(plan, "/opt/other/lib/modules"));
  plan = applied("/opt/jre/bin/java", {.excluded = {"java"}}, sysroot);
  CHECK_FALSE(wants(plan, "/opt/jre/lib/modules"));
}

TEST_CASE("lua: the modules of its version") {
  check_recipe(
      "lua", "/usr/bin/lua5.4",
      {"/usr/share/lua/5.4/socket.lua", "/usr/lib/x86_64-linux-gnu/lua/5.4/socket/core.so"},
      {"/usr/share/lua/5.1/socket.lua"});
}

TEST_CASE("tcl: the scripts of its version") {
  LanguageRoot root("/usr/bin/tclsh8.6",
                    {"/usr/share/tcltk/tcl8.6/init.tcl", "/usr/share/tcltk/tcl8.5/init.tcl"});
  root.library("libtcl8.6.so", "int unused;");
  root.program("-l:libtcl8.6.so");
  Plan plan = applied("/app", {}, Sysroot(root.path()));
  CHECK(wants(plan, "/usr/share/tcltk/tcl8.6/init.tcl"));
  CHECK_FALSE(wants(plan, "/usr/share/tcltk/tcl8.5/init.tcl"));
  CHECK_FALSE(wants(applied("/app", {.excluded = {"tcl"}}, Sysroot(root.path())),
                    "/usr/share/tcltk/tcl8.6/init.tcl"));
}

TEST_CASE("git: helpers and templates, without those that bring another interpreter") {
  check_recipe("git", "/usr/bin/git",
               {"/usr/lib/git-core/git-remote-https", "/usr/share/git-core/templates/HEAD",
                "/etc/gitconfig"},
               {"/usr/lib/git-core/git-svn", "/usr/lib/git-core/git-send-email"});
}

TEST_CASE("node: modules that a distribution's build reads from elsewhere") {
  LanguageRoot root("/usr/bin/node", {"/usr/share/nodejs/undici/undici.js"});
  Sysroot sysroot(root.path());
  CHECK_FALSE(wants(applied("/usr/bin/node", {}, sysroot), "/usr/share/nodejs/undici/undici.js"));
  root.program("", "const char *modules = \"/usr/share/nodejs/undici\";");
  root.run("mv app usr/bin/node");
  CHECK(wants(applied("/usr/bin/node", {}, sysroot), "/usr/share/nodejs/undici/undici.js"));
  CHECK_FALSE(wants(applied("/usr/bin/node", {.excluded = {"node"}}, sysroot),
                    "/usr/share/nodejs/undici/undici.js"));
}

TEST_CASE("gcc: passes, start files and headers") {
  check_recipe("gcc", "/usr/bin/x86_64-linux-gnu-gcc-12",
               {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "/usr/include/stdio.h",
                "/usr/lib/x86_64-linux-gnu/crt1.o", "/usr/include/c++/12/vector"},
               {"/usr/lib/gcc/x86_64-linux-gnu/12/f951", "/usr/lib/gcc/x86_64-linux-gnu/11/cc1",
                "/usr/include/boost/any.hpp"});
}

TEST_CASE("zsh: its modules and functions, without completions") {
  check_recipe("zsh", "/usr/bin/zsh",
               {"/usr/lib/x86_64-linux-gnu/zsh/5.9/zsh/datetime.so",
                "/usr/share/zsh/functions/Misc/zargs", "/etc/zsh/zshenv"},
               {"/usr/share/zsh/functions/Completion/Unix/_ls"});
}

TEST_CASE("fish: its functions and configuration, without completions and manual") {
  check_recipe("fish", "/usr/bin/fish",
               {"/usr/share/fish/config.fish", "/usr/share/fish/functions/cd.fish"},
               {"/usr/share/fish/completions/ls.fish", "/usr/share/fish/man/man1/fish.1"});
}

TEST_CASE("postgresql: modules and data of its version, and a start by its own path") {
  const std::string program = "/usr/lib/postgresql/15/bin/postgres";
  check_recipe("postgresql", program.c_str(),
               {"/usr/lib/postgresql/15/lib/dict_snowball.so",
                "/usr/share/postgresql/15/timezonesets/Default"},
               {"/usr/lib/postgresql/15/lib/llvmjit.so", "/usr/lib/postgresql/14/lib/plpgsql.so",
                "/usr/share/postgresql/15/man/man1/initdb.1.gz"});
  LanguageRoot root(program.c_str(), {});
  root.run("mkdir -p usr/bin; ln -s ../lib/postgresql/15/bin/postgres usr/bin/pg");
  Sysroot sysroot(root.path());
  CHECK(applied(program, {}, sysroot).argv0 == program);
  CHECK(applied("/usr/bin/pg", {}, sysroot).argv0 == program);
  CHECK(applied(program, {.excluded = {"postgresql"}}, sysroot).argv0.empty());
}

TEST_CASE("R: its packages and the shell that starts it, without documentation and windows") {
  check_recipe(
      "r", "/usr/bin/Rscript",
      {"/usr/lib/R/library/base/R/base.rdb", "/usr/lib/R/bin/R", "/etc/R/Renviron", "/bin/bash"},
      {"/usr/lib/R/library/base/help/base.rdb", "/usr/lib/R/library/tcltk/R/tcltk.rdb"});
}

TEST_CASE("--prune leaves character sets, which are asked for by name, though unused") {
  struct Kept {
    const char* application;
    const char* stays;
    const char* goes;
  };
  for (const Kept& kept :
       {Kept{"/usr/bin/python3.11", "/usr/lib/python3.11/encodings/euc_kr.py",
             "/usr/lib/python3.11/json/decoder.py"},
        Kept{"/usr/bin/ruby3.1", "/usr/lib/x86_64-linux-gnu/ruby/3.1.0/enc/euc_kr.so",
             "/usr/lib/ruby/3.1.0/json.rb"}}) {
    CAPTURE(kept.stays);
    LanguageRoot root(kept.application, {kept.stays, kept.goes});
    Plan plan = applied(kept.application, {.used = std::set<std::string>()}, Sysroot(root.path()));
    CHECK(wants(plan, kept.stays));
    CHECK_FALSE(wants(plan, kept.goes));
  }
}
