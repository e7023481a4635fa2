// The mechanism of recipes, on small ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "tests/cases/recipe_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

std::string reading_error(const std::string& text) {
  try {
    parse_recipe(text, "test", "test.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

// ---- reading ----

TEST_CASE("an unknown key is an error with file, line and column") {
  CHECK(reading_error("description = 'd'\nreason = 'r'\nopt_in = true\n  glob = []\n") ==
        "read recipe test.toml:4:3: unknown key 'glob' in a recipe (known: description, reason, "
        "opt_in, when, requires, own_path, variables, files, links, environment, generated)");
  CHECK(reading_error("description = 'd'\nreason = 'r'\nopt_in = true\n[[files]]\nglob = ['/a']\n"
                      "optionl = true\n")
            .starts_with("read recipe test.toml:6:1: unknown key 'optionl' in [[files]]"));
  CHECK(reading_error("description = 'd'\nreason = 'r'\n[when]\nsonames = ['a']\n")
            .starts_with("read recipe test.toml:4:1: unknown key 'sonames' in [when]"));
}

TEST_CASE("what is no recipe is refused with its place") {
  CHECK(reading_error("description = \n").starts_with("read recipe test.toml:1:"));
  CHECK(reading_error("reason = 'r'\n") ==
        "read recipe test.toml:1:1: 'description' is missing or empty in a recipe");
  std::string head = "description = 'd'\nreason = 'r'\n";
  CHECK(reading_error(head).find("[when] is missing") != std::string::npos);
  head += "opt_in = true\n";
  CHECK(reading_error(head) == "");
  CHECK(reading_error(head + "[[files]]\nglob = '/a'\n") ==
        "read recipe test.toml:5:8: 'glob' must be a list of strings");
  CHECK(reading_error(head + "[[files]]\nglob = ['/{dir}/a']\n") ==
        "read recipe test.toml:5:8: no variable '{dir}' in [variables]");
  CHECK(reading_error(head + "[[files]]\nglob = ['/a']\noptional = 1\n") ==
        "read recipe test.toml:6:12: 'optional' must be true or false");
  CHECK(reading_error(head + "[files]\nglob = ['/a']\n")
            .find("'files' must be written as [[files]]") != std::string::npos);
  CHECK(
      reading_error(head + "[[environment]]\nname = 'A'\n").find("either 'value' or 'first_of'") !=
      std::string::npos);
  CHECK(reading_error(head + "[[generated]]\npath = '/a'\ncontent = ''\nmode = 0o10000\n")
            .find("'mode' must lie") != std::string::npos);
  CHECK(reading_error(head + "[variables]\nv = { string_in = 'a' }\n").find("belong together") !=
        std::string::npos);
  for (const char* expression : {"(", "no group", "(two) (groups)"}) {
    CHECK(reading_error(head + "[variables]\nv = { in_path = ['" + expression + "'] }\n")
              .find("is no regular expression with one group in it") != std::string::npos);
  }
  for (const char* patch : {"files = '*'", "files = '*', hex = '4'", "files = '*', hex = '4X'",
                            "files = '*', hex = '41', offset = -1", "hex = '41'"}) {
    CHECK(reading_error(head + "[[files]]\nglob = ['/a']\npatch = { " + patch + " }\n").find("'") !=
          std::string::npos);
  }
}

TEST_CASE("a name that is no recipe is wrong usage") {
  CHECK_THROWS_AS(applied("/usr/bin/true", {.added = {"nonsense"}}), UsageError);
  CHECK_THROWS_AS(applied("/usr/bin/true", {.excluded = {"nonsense"}}), UsageError);
  CHECK_THROWS_AS(applied("/usr/bin/true", {.added = {"/nonsense.toml"}}), Error);
}

TEST_CASE("every recipe is listed with its trigger and what it adds") {
  std::vector<std::string> names;
  for (const RecipeInfo& info : list_recipes({})) {
    names.push_back(info.name);
    CAPTURE(info.name);
    CHECK(info.source == "built in");
    CHECK_FALSE(info.description.empty());
    CHECK_FALSE(info.trigger.empty());
    CHECK_FALSE(info.adds.empty());
  }
  CHECK(std::is_sorted(names.begin(), names.end()));
}

TEST_CASE("every built-in recipe has a case that takes it away") {
  std::string cases;
  for (const auto& entry :
       std::filesystem::directory_iterator(SCRATCHPACK_SOURCE_DIR "/tests/cases")) {
    if (!entry.path().filename().string().starts_with("recipe_")) continue;
    Bytes text = read_file(entry.path().string());
    cases.append(text.begin(), text.end());
  }
  for (const RecipeInfo& info : list_recipes({})) {
    CAPTURE(info.name);
    CHECK(cases.find("\"" + info.name + "\"") != cases.npos);
  }
}

// ---- the mechanism ----

TEST_CASE("what a recipe adds may trigger another, whatever their names") {
  TinyRoot root;
  root.program();
  root.write("opt/first", "");
  root.write("opt/second", "");
  std::string first = root.recipe("z",
                                  "when = { soname = ['app'] }\n"
                                  "[[files]]\nglob = ['/opt/first']\n");
  std::string second = root.recipe("a",
                                   "when = { path = ['/opt/fir*'] }\n"
                                   "[[files]]\nglob = ['/opt/second']\n");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {.added = {first, second}, .excluded = {"*"}}, sysroot);
  CHECK(wants(plan, "/opt/first"));
  CHECK(the_want(plan, "/opt/second").reason == "recipe a: r");
  CHECK(plan.recipes == std::vector<std::string>{"z", "a"});

  plan = applied("/app", {.added = {second}, .excluded = {"*"}}, sysroot);
  CHECK_FALSE(wants(plan, "/opt/second"));
  CHECK(has_warning(plan, "recipe a: nothing in the bundle meets the [when]"));
}

TEST_CASE("triggers look at sonames, paths, interpreters, imports, notes and texts") {
  TinyRoot root;
  root.library("libfoo.so.1", "const char text[] = \"a text in it\";");
  root.program("-l:libfoo.so.1", "int puts(const char *); void f(void) { puts(\"\"); }");
  Sysroot sysroot(root.path());
  auto triggered = [&](const std::string& when) {
    std::string file = root.recipe("t", "when = { " + when + " }\n");
    Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, sysroot);
    return plan.recipes == std::vector<std::string>{"t"};
  };
  CHECK(triggered("soname = ['libfoo.so.*']"));
  CHECK_FALSE(triggered("soname = ['libfoo.so']"));
  CHECK(triggered("path = ['/lib/*/libfoo.so.1']"));
  CHECK_FALSE(triggered("path = ['/lib/libfoo.so.1']"));
  CHECK(triggered("interpreter = ['ld-linux-*']"));
  CHECK_FALSE(triggered("interpreter = ['ld-musl-*']"));
  CHECK(triggered("symbol = ['puts']"));
  CHECK(triggered("symbol = ['put?']"));
  CHECK_FALSE(triggered("symbol = ['putchar', 'main']"));
  CHECK_FALSE(triggered("symbol = ['puts'], ignore = ['app']"));
  CHECK(triggered("note = ['GNU']"));
  CHECK_FALSE(triggered("note = ['Go']"));
  CHECK(triggered("string = ['a text in it']"));
  CHECK_FALSE(triggered("string = ['another text in it']"));
  CHECK_FALSE(triggered("string = ['a text in it'], ignore = ['libfoo.so.1']"));
  CHECK(triggered("soname = ['nothing'], symbol = ['puts']"));
  CHECK_FALSE(triggered("soname = ['libfoo.so.1'] }\nrequires = { path = ['/nothing']"));
  CHECK_FALSE(triggered("symbol = ['puts'] }\nrequires = { path = ['/app'], soname = ['libbar*']"));
  CHECK(triggered("symbol = ['puts'] }\nrequires = { path = ['/app'], soname = ['libfoo*']"));
}

TEST_CASE("plugins bring what they need, other files come as they are") {
  TinyRoot root;
  root.library("libdep.so.1", "int dep(void) { return 1; }");
  root.program();
  root.write("plugin.c", "int dep(void); int plugin(void) { return dep(); }");
  root.run(
      "mkdir -p opt/plugins/deep && cc -shared -fPIC -o opt/plugins/deep/p.so plugin.c "
      "-Llib/x86_64-linux-gnu -l:libdep.so.1");
  root.write("opt/plugins/list", "p.so\n");
  root.write("opt/plugins/skip/README", "");
  root.link("opt/plugins/round", ".");
  root.link("opt/plugins/broken", "nowhere");
  Sysroot sysroot(root.path());
  std::string file = root.recipe("t",
                                 "opt_in = true\n[[files]]\nglob = ['/opt/plug*']\n"
                                 "except = ['skip']\nreason = 'other'\n");
  Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, sysroot);
  CHECK(wants(plan, "/opt/plugins/list"));
  CHECK(the_want(plan, "/opt/plugins/list").reason == "recipe t: other");
  CHECK(wants(plan, "/opt/plugins/deep/p.so"));
  CHECK(the_want(plan, "libdep.so.1").reason == "needed by /opt/plugins/deep/p.so");
  CHECK_FALSE(wants(plan, "/opt/plugins/skip/**"));
  CHECK(plan.warnings.empty());
}

TEST_CASE("a plugin that lacks a library is a warning, not a missing library of the program") {
  TinyRoot root;
  root.library("libgone.so.1", "int dep(void) { return 1; }");
  root.program();
  root.write("plugin.c", "int dep(void); int plugin(void) { return dep(); }");
  root.run(
      "mkdir opt && cc -shared -fPIC -o opt/p.so plugin.c -Llib/x86_64-linux-gnu "
      "-l:libgone.so.1 && rm lib/x86_64-linux-gnu/libgone.so.1");
  Sysroot sysroot(root.path());
  std::string file = root.recipe("t", "opt_in = true\n[[files]]\nglob = ['/opt/*.so']\n");
  Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, sysroot);
  CHECK(plan.missing.empty());
  CHECK(has_warning(plan, "recipe t: /opt/p.so will not load, it needs libgone.so.1"));
}

TEST_CASE("a plugin's library that is elsewhere in the bundle is loaded by then") {
  TinyRoot root;
  root.program();
  root.library("libcore.so.1", "int core(void) { return 1; }");
  root.write("plugin.c", "int core(void); int plug(void) { return core(); }");
  root.run(
      "mkdir -p opt/core && cc -shared -fPIC -o opt/p.so plugin.c "
      "lib/x86_64-linux-gnu/libcore.so.1 && mv lib/x86_64-linux-gnu/libcore.so.1 opt/core/");
  Sysroot sysroot(root.path());
  std::string file =
      root.recipe("t", "opt_in = true\n[[files]]\nglob = ['/opt/p.so', '/opt/core']\n");
  Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, sysroot);
  CHECK(wants(plan, "/opt/core/libcore.so.1"));
  CHECK(wants(plan, "/opt/p.so"));
  CHECK(plan.warnings.empty());
  CHECK(plan.missing.empty());
}

TEST_CASE("variables hold what a library was compiled with and where it lies") {
  TinyRoot root;
  root.library("libcfg.so.1", "const char where[] = \"HOME: <</opt/home>>\";");
  root.program("-l:libcfg.so.1");
  root.write("opt/home/conf", "");
  root.write("usr/lib/x86_64-linux-gnu/plug/data", "");
  root.write("opt/otherwise", "");
  Sysroot sysroot(root.path());
  std::string file = root.recipe(
      "t",
      "opt_in = true\n[variables]\n"
      "home = { string_in = 'libcfg.so.*', after = 'HOME: <<', before = '>>' }\n"
      "none = { string_in = 'libcfg.so.*', after = 'NONE: <<', before = '>>' }\n"
      "else = { directory_of = 'libnone.so', otherwise = ['/opt'] }\n"
      "dir = { directory_of = 'libcfg.so.1' }\n"
      "[[files]]\nglob = ['{home}/conf', '{dir}/plug/*', '{none}/app', '{else}/otherwise']\n"
      "[[files]]\nglob = ['{none}/nothing']\n"
      "[[environment]]\nname = 'CFG'\nfirst_of = ['/none', '{home}/none', '{home}']\n"
      "[[links]]\npath = '{home}/link'\ntarget = 'conf'\n");
  Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, sysroot);
  CHECK(wants(plan, "/opt/home/conf"));
  CHECK(wants(plan, "/usr/lib/x86_64-linux-gnu/plug/data"));
  CHECK(wants(plan, "/opt/otherwise"));
  CHECK(the_edit(plan, "CFG").value == "/opt/home");
  CHECK(the_edit(plan, "CFG").is_path);
  CHECK(the_want(plan, "/opt/home/link").target == "conf");
  CHECK(plan.warnings.empty());
}

TEST_CASE("variables hold what the paths of files and of the links to them say") {
  TinyRoot root;
  root.program();
  root.run(
      "mkdir -p opt/lang/bin venv/bin && mv app opt/lang/bin/lang-4.2 && "
      "ln -s /opt/lang/bin/lang-4.2 venv/bin/lang");
  root.write("opt/lang/lib/4.2/base", "");
  root.write("venv/here", "");
  Sysroot sysroot(root.path());
  std::string file =
      root.recipe("t",
                  "opt_in = true\n[variables]\n"
                  "home = { in_path = ['^(.*)/bin/lang-[0-9.]+$'] }\n"
                  "version = { in_path = ['/nothing/(.*)', '/bin/lang-([0-9.]+)$'] }\n"
                  "place = { in_path = ['^(.*)/bin/lang$'] }\n"
                  "[[files]]\nglob = ['{home}/lib/{version}/base', '{place}/here']\n");
  Plan plan = applied("/venv/bin/lang", {.added = {file}, .excluded = {"*"}}, sysroot);
  CHECK(wants(plan, "/opt/lang/lib/4.2/base"));
  CHECK(wants(plan, "/venv/here"));
  CHECK(plan.warnings.empty());
}

TEST_CASE("a patch is put over the bytes of the files it names, of no others and of none shorter") {
  TinyRoot root;
  root.program();
  root.write("data/a.cache", "0123456789");
  root.write("data/b.cache", "0123");
  root.write("data/c.text", "0123456789");
  std::string file = root.recipe("t",
                                 "opt_in = true\n[[files]]\nglob = ['/data']\n"
                                 "patch = { files = '*.cache', offset = 4, hex = '414a' }\n");
  Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, Sysroot(root.path()));
  CHECK(the_want(plan, "/data/a.cache").content == "0123AJ6789");
  CHECK_FALSE(the_want(plan, "/data/b.cache").content);
  CHECK_FALSE(the_want(plan, "/data/c.text").content);
}

TEST_CASE("what is planned or set already stays as it is") {
  TinyRoot root;
  root.program();
  root.write("given", "the user's");
  root.write("etc/machine", "");
  Sysroot sysroot(root.path());
  std::string file = root.recipe("t",
                                 "opt_in = true\n"
                                 "[[generated]]\npath = '/etc/conf'\ncontent = 'ours'\n"
                                 "[[generated]]\npath = '/usr/conf'\ncontent = 'ours'\n"
                                 "[[files]]\nglob = ['/etc/machine']\n"
                                 "[[environment]]\nname = 'A'\nvalue = 'ours'\n");
  Plan plan = plan_application(sysroot, "/app", {});
  plan.environment.push_back({.name = "A", .value = "the user's"});
  plan.wants.push_back({.path = "/etc/conf", .reason = "--add-data", .source = root.path("given")});
  apply_recipes(plan, sysroot, {.added = {file}, .excluded = {"*"}}, {});
  CHECK(the_want(plan, "/etc/conf").reason == "--add-data");
  CHECK(the_edit(plan, "A").value == "the user's");
  CHECK(the_want(plan, "/usr/conf").content == "ours");
  CHECK_FALSE(the_want(plan, "/usr/conf").container_first);
  CHECK(the_want(plan, "/etc/machine").container_first);
}

TEST_CASE("what a recipe must find and does not is a warning with its advice") {
  TinyRoot root;
  root.program();
  Sysroot sysroot(root.path());
  std::string file = root.recipe("t",
                                 "opt_in = true\n"
                                 "[[files]]\nglob = ['/none', '/none.*']\n"
                                 "missing = 'install it'\n"
                                 "[[files]]\nglob = ['/less']\noptional = true\n");
  Plan plan = applied("/app", {.added = {file}, .excluded = {"*"}}, sysroot);
  CHECK(plan.warnings ==
        std::vector<std::string>{"recipe t: found no /none, /none.* (install it)"});
}

TEST_CASE("without recipes nothing is added, and those asked for still are") {
  Plan plan = applied("/usr/bin/curl", {.excluded = {"*"}});
  CHECK(plan.recipes.empty());
  CHECK(plan.environment.empty());
  for (const Want& want : plan.wants) CHECK_FALSE(want.reason.starts_with("recipe "));
  plan = applied("/usr/bin/curl", {.added = {"tls"}, .excluded = {"*"}});
  CHECK(plan.recipes == std::vector<std::string>{"tls"});
}
