// The mechanism on small recipes, and each built-in recipe on a real program: what it adds is
// there, and not there without it.
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "bundler/base/error.h"
#include "bundler/content/file_set.h"
#include "bundler/find/glob.h"
#include "bundler/find/recipe.h"
#include "bundler/find/recipe_model.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

Plan applied(const std::string& application, const RecipeOptions& options = {},
             const Sysroot& sysroot = Sysroot()) {
  ResolveOptions resolve_options;
  Plan plan = plan_application(sysroot, application, resolve_options);
  apply_recipes(plan, sysroot, options, resolve_options);
  return plan;
}

bool wants(const Plan& plan, const std::string& pattern) {
  return std::any_of(plan.wants.begin(), plan.wants.end(),
                     [&](const Want& want) { return glob_matches(pattern, want.path); });
}

const Want& the_want(const Plan& plan, const std::string& pattern) {
  for (const Want& want : plan.wants) {
    if (glob_matches(pattern, want.path)) return want;
  }
  throw std::runtime_error("nothing planned matches " + pattern);
}

bool edits(const Plan& plan, const std::string& name) {
  return std::any_of(plan.environment.begin(), plan.environment.end(),
                     [&](const EnvironmentEdit& edit) { return edit.name == name; });
}

const EnvironmentEdit& the_edit(const Plan& plan, const std::string& name) {
  for (const EnvironmentEdit& edit : plan.environment) {
    if (edit.name == name) return edit;
  }
  throw std::runtime_error("nothing sets " + name);
}

bool has_warning(const Plan& plan, const std::string& part) {
  return std::any_of(plan.warnings.begin(), plan.warnings.end(),
                     [&](const std::string& text) { return text.find(part) != text.npos; });
}

std::string reading_error(const std::string& text) {
  try {
    parse_recipe(text, "test", "test.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A root file system with glibc and what a case adds to it.
struct TinyRoot : ScratchFolder {
  TinyRoot() {
    copy("lib64/ld-linux-x86-64.so.2", "/lib64/ld-linux-x86-64.so.2");
    copy("lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6");
  }
  /// A library of this name, with `code` in it.
  void library(const std::string& name, const std::string& code) const {
    write("source.c", code);
    run("cc -shared -fPIC -Wl,-soname," + name + " -o lib/x86_64-linux-gnu/" + name + " source.c");
  }
  /// /app, linked with the libraries.
  void program(const std::string& libraries = "", const std::string& code = "") const {
    write("source.c", code + "\nint main(void) { return 0; }\n");
    run("cc -o app source.c -Wl,--no-as-needed -Llib/x86_64-linux-gnu " + libraries);
  }
  std::string recipe(const std::string& name, const std::string& text) const {
    return write(name + ".toml", "description = 'd'\nreason = 'r'\n" + text);
  }
};

const char* kCertificates = "/etc/ssl/certs/ca-certificates.crt";

}  // namespace

// ---- reading ----

TEST_CASE("an unknown key is an error with file, line and column") {
  CHECK(reading_error("description = 'd'\nreason = 'r'\nopt_in = true\n  glob = []\n") ==
        "read recipe test.toml:4:3: unknown key 'glob' in a recipe (known: description, reason, "
        "opt_in, when, requires, variables, files, links, environment, generated)");
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
  // One that is added here needs a case below.
  CHECK(names == std::vector<std::string>{"gconv", "gconv-all", "glibc-names", "gsettings",
                                          "locale", "magic", "mozilla-nss", "nss", "openssl", "tls",
                                          "tls-directory", "tz", "unwind", "users"});
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

// ---- the built-in ones ----

TEST_CASE("tls: the authorities come with a TLS library, and the environment names them") {
  Plan plan = applied("/usr/bin/curl");
  const Want& bundle = the_want(plan, kCertificates);
  CHECK(bundle.container_first);
  CHECK(the_edit(plan, "SSL_CERT_FILE").value == kCertificates);
  // Set, it would make curl ignore SSL_CERT_FILE, the user's own included.
  for (const EnvironmentEdit& edit : plan.environment) CHECK(edit.name != "SSL_CERT_DIR");
  CHECK(the_edit(plan, "SSL_CERT_FILE").only_if_unset);
  // OpenSSL's own two places lead there.
  FileSet files = collect(plan, Sysroot(), {});
  CHECK(files["/usr/lib/ssl/cert.pem"].target == kCertificates);
  CHECK(files["/usr/lib/ssl/certs"].target == "/etc/ssl/certs");
  for (const auto& [name, entry] : files) {
    const std::string& path = name;  // clang 14 lets no lambda see a structured binding
    CAPTURE(path);
    CHECK((!path.starts_with("/etc/ssl/certs/") || path == kCertificates));
    CHECK(path.find("/private") == std::string::npos);
  }

  plan = applied("/usr/bin/curl", {.excluded = {"tls"}});
  CHECK_FALSE(wants(plan, kCertificates));
  CHECK_FALSE(edits(plan, "SSL_CERT_FILE"));
  CHECK_FALSE(wants(applied("/usr/bin/date"), kCertificates));
}

TEST_CASE("tls: a program with TLS linked in is known by the path it looks for") {
  TinyRoot root;
  root.program("", "const char *roots = \"/etc/ssl/certs/ca-certificates.crt\";");
  root.write("etc/ssl/certs/ca-certificates.crt", "roots");
  Plan plan = applied("/app", {}, Sysroot(root.path()));
  CHECK(wants(plan, kCertificates));
}

TEST_CASE("tls: the authorities of another distribution, and where its OpenSSL looks") {
  TinyRoot root;
  root.library("libcrypto.so.3", "const char d[] = \"OPENSSLDIR: \\\"/etc/pki/tls\\\"\";");
  root.library("libssl.so.3", "");
  root.program("-l:libssl.so.3 -l:libcrypto.so.3");
  root.write("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "roots");
  root.link("etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem");
  root.link("etc/pki/tls/cert.pem", "certs/ca-bundle.crt");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  CHECK(the_edit(plan, "SSL_CERT_FILE").value == "/etc/pki/tls/certs/ca-bundle.crt");
  FileSet files = collect(plan, sysroot, {});
  CHECK(files["/etc/pki/tls/cert.pem"].kind == FileKind::symlink);
  CHECK(files["/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"].size == 5);
}

TEST_CASE("tls: a machine without authorities is worth a warning") {
  TinyRoot root;
  root.library("libssl.so.3", "");
  root.program("-l:libssl.so.3");
  Plan plan = applied("/app", {}, Sysroot(root.path()));
  CHECK(has_warning(plan, "install ca-certificates"));
  CHECK_FALSE(edits(plan, "SSL_CERT_FILE"));
}

TEST_CASE("tls-directory: the hashed links come when asked for") {
  Plan plan = applied("/usr/bin/curl", {.added = {"tls-directory"}});
  const Want& link = the_want(plan, "/etc/ssl/certs/*.0");
  CHECK(link.container_first);
  FileSet files = collect(plan, Sysroot(), {});
  CHECK(files[link.path].kind == FileKind::symlink);
}

TEST_CASE("openssl: configuration, providers and engines come with libcrypto") {
  Plan plan = applied("/usr/bin/curl");
  CHECK(wants(plan, "/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so"));
  CHECK(wants(plan, "/usr/lib/ssl/openssl.cnf"));
  FileSet files = collect(plan, Sysroot(), {});
  CHECK(files["/etc/ssl/openssl.cnf"].container_first);
  CHECK(the_edit(plan, "OPENSSL_MODULES").extracted_only);
  CHECK(the_edit(plan, "OPENSSL_CONF").value == "/usr/lib/ssl/openssl.cnf");

  plan = applied("/usr/bin/curl", {.excluded = {"openssl"}});
  CHECK_FALSE(wants(plan, "legacy.so"));
  CHECK_FALSE(wants(plan, "openssl.cnf"));
  CHECK_FALSE(edits(plan, "OPENSSL_CONF"));
}

TEST_CASE("mozilla-nss: what libnss3 loads by name comes along, checksums too") {
  TinyRoot root;
  root.library("libnss3.so", "");
  root.library("libsoftokn3.so", "");
  root.library("libnssckbi.so", "");
  root.write("lib/x86_64-linux-gnu/libsoftokn3.chk", "");
  root.program("-l:libnss3.so");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  for (const char* name : {"libsoftokn3.so", "libsoftokn3.chk", "libnssckbi.so"}) {
    CHECK(wants(plan, name));
    CHECK_FALSE(wants(applied("/app", {.excluded = {"mozilla-nss"}}, sysroot), name));
  }
}

TEST_CASE("tz: a program that looks at TZ has every zone, and not the machine's own") {
  Plan plan = applied("/usr/bin/date");
  CHECK(wants(plan, "/usr/share/zoneinfo/Asia/Seoul"));
  CHECK(wants(plan, "/usr/share/zoneinfo/ROK"));
  for (const char* other : {"/usr/share/zoneinfo/right/**", "/usr/share/zoneinfo/posix/**",
                            "/usr/share/zoneinfo/localtime", "/etc/localtime"}) {
    CHECK_FALSE(wants(plan, other));
  }
  CHECK(the_edit(plan, "TZDIR").extracted_only);
  CHECK_FALSE(wants(applied("/usr/bin/date", {.excluded = {"tz"}}), "/usr/share/zoneinfo/**"));
  CHECK_FALSE(wants(applied("/usr/bin/true"), "/usr/share/zoneinfo/**"));
}

TEST_CASE("tz: --tz keeps the zones named, with what their links lead to, and UTC") {
  Plan plan = applied("/usr/bin/true", {.tz = {"ROK", "Europe/B*"}});
  FileSet files = collect(plan, Sysroot(), {});
  CHECK(files.contains("/usr/share/zoneinfo/ROK"));
  CHECK(files.contains("/usr/share/zoneinfo/Asia/Seoul"));
  CHECK(files.contains("/usr/share/zoneinfo/Europe/Berlin"));
  CHECK(files.contains("/usr/share/zoneinfo/Etc/UTC"));
  CHECK_FALSE(files.contains("/usr/share/zoneinfo/Europe/Paris"));
  CHECK_THROWS_WITH_AS(applied("/usr/bin/date", {.tz = {"Asia/Soul"}}),
                       "find what --tz asks for: nothing matches /usr/share/zoneinfo/Asia/Soul",
                       Error);
  CHECK_THROWS_AS(applied("/usr/bin/date", {.tz = {"../../../etc/passwd"}}), UsageError);
}

TEST_CASE("tz: a program that reads the zones by itself is known by the path") {
  TinyRoot root;
  root.program("", "const char *zones = \"/usr/share/zoneinfo/\";");
  root.write("usr/share/zoneinfo/Asia/Seoul", "KST");
  CHECK(wants(applied("/app", {}, Sysroot(root.path())), "/usr/share/zoneinfo/Asia/Seoul"));
}

TEST_CASE("tz: a machine without zones is worth a warning") {
  TinyRoot root;
  root.program("", "#include <time.h>\nvoid f(void) { tzset(); }");
  Plan plan = applied("/app", {}, Sysroot(root.path()));
  CHECK(has_warning(plan, "install tzdata"));
}

TEST_CASE("nss: glibc is told to read files and to ask DNS") {
  Plan plan = applied("/usr/bin/curl");
  const Want& conf = the_want(plan, "/etc/nsswitch.conf");
  CHECK(conf.container_first);
  CHECK(conf.content->find("hosts: files dns\n") != std::string::npos);
  CHECK(wants(plan, "/etc/services"));
  CHECK_FALSE(wants(applied("/usr/bin/date"), "/etc/services"));
  for (const char* engine : {"/etc/hosts", "/etc/resolv.conf", "/etc/hostname"}) {
    CHECK_FALSE(wants(plan, engine));
  }
  plan = applied("/usr/bin/curl", {.excluded = {"nss"}});
  CHECK_FALSE(wants(plan, "/etc/nsswitch.conf"));
  CHECK_FALSE(wants(plan, "/etc/services"));
}

TEST_CASE("nss: a glibc before 2.34 has its plugins with it") {
  TinyRoot root;
  root.program();
  root.library("libnss_dns.so.2", "");
  Sysroot sysroot(root.path());
  CHECK_FALSE(wants(applied("/app", {}, sysroot), "libnss_dns.so.2"));
  root.run("cd lib/x86_64-linux-gnu && mv libc.so.6 libc-2.31.so && ln -s libc-2.31.so libc.so.6");
  CHECK(wants(applied("/app", {}, sysroot), "libnss_dns.so.2"));
}

TEST_CASE("users: passwd and group know root, the image's user and whoever runs it") {
  Plan plan = applied("/usr/bin/true");
  for (const char* path : {"/etc/passwd", "/etc/group"}) {
    const Want& want = the_want(plan, path);
    CHECK(want.append_user);
    CHECK(want.container_first);
    CHECK(want.content->starts_with("root:x:0:"));
    CHECK(want.content->find("\nnonroot:x:65532:") != std::string::npos);
    CHECK(want.content->ends_with("\n"));
  }
  CHECK(collect(plan, Sysroot(), {})["/etc/passwd"].append_user);
  plan = applied("/usr/bin/true", {.excluded = {"users"}});
  CHECK_FALSE(wants(plan, "/etc/passwd"));
  CHECK_FALSE(wants(plan, "/etc/group"));
}

TEST_CASE("locale: C.UTF-8 comes with a program that sets its locale") {
  Plan plan = applied("/usr/bin/date");
  CHECK(wants(plan, "/usr/lib/locale/C.*/LC_CTYPE"));
  CHECK(the_edit(plan, "LOCPATH").extracted_only);
  CHECK_FALSE(wants(applied("/usr/bin/date", {.excluded = {"locale"}}), "/usr/lib/locale/**"));
  TinyRoot root;
  root.program();
  root.write("usr/lib/locale/C.utf8/LC_CTYPE", "");
  CHECK_FALSE(wants(applied("/app", {}, Sysroot(root.path())), "/usr/lib/locale/**"));
}

TEST_CASE("gconv: a program that converts has the common character sets and their helpers") {
  Plan plan = applied("/usr/bin/iconv");
  for (const char* name : {"gconv-modules", "gconv-modules.cache", "UTF-16.so", "ISO8859-15.so",
                           "EUC-KR.so", "libKSC.so", "CP1252.so", "SJIS.so"}) {
    CAPTURE(name);
    CHECK(wants(plan, std::string("/usr/lib/x86_64-linux-gnu/gconv/") + name));
  }
  CHECK_FALSE(wants(plan, "EBCDIC-US.so"));
  CHECK(the_edit(plan, "GCONV_PATH").value == "/usr/lib/x86_64-linux-gnu/gconv");
  CHECK_FALSE(wants(applied("/usr/bin/iconv", {.excluded = {"gconv"}}), "**/gconv/*"));
  CHECK_FALSE(wants(applied("/usr/bin/curl"), "**/gconv/*"));
}

TEST_CASE("gconv-all: every character set comes when asked for") {
  Plan plan = applied("/usr/bin/iconv", {.added = {"gconv-all"}});
  CHECK(wants(plan, "EBCDIC-US.so"));
  CHECK(wants(plan, "libCNS.so"));
}

TEST_CASE("unwind: a program that cancels threads has what glibc loads to unwind") {
  TinyRoot root;
  root.copy("lib/x86_64-linux-gnu/libgcc_s.so.1", "/lib/x86_64-linux-gnu/libgcc_s.so.1");
  root.program("",
               "int pthread_cancel(unsigned long); int (*cancel)(unsigned long) = "
               "pthread_cancel;");
  Sysroot sysroot(root.path());
  CHECK(wants(applied("/app", {}, sysroot), "libgcc_s.so.1"));
  CHECK_FALSE(wants(applied("/app", {.excluded = {"unwind"}}, sysroot), "libgcc_s.so.1"));
  root.program();
  CHECK_FALSE(wants(applied("/app", {}, sysroot), "libgcc_s.so.1"));
}

TEST_CASE("glibc-names: a library of glibc that a program names to dlopen comes along") {
  TinyRoot root;
  for (const char* name : {"libpthread.so.0", "libdl.so.2", "librt.so.1"}) root.library(name, "");
  root.program("", "const char *name = \"libdl.so.2\";");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  CHECK(wants(plan, "libdl.so.2"));
  CHECK_FALSE(wants(plan, "libpthread.so.0"));
  CHECK_FALSE(wants(plan, "librt.so.1"));
  CHECK_FALSE(wants(applied("/app", {.excluded = {"glibc-names"}}, sysroot), "libdl.so.2"));
}

TEST_CASE("magic: libmagic has its database") {
  TinyRoot root;
  root.library("libmagic.so.1", "");
  root.program("-l:libmagic.so.1");
  root.write("usr/lib/file/magic.mgc", "database");
  root.link("usr/share/misc/magic.mgc", "../../lib/file/magic.mgc");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  CHECK(the_edit(plan, "MAGIC").extracted_only);
  FileSet files = collect(plan, sysroot, {});
  CHECK(files["/usr/share/misc/magic.mgc"].kind == FileKind::symlink);
  CHECK(files["/usr/lib/file/magic.mgc"].size == 8);
  CHECK_FALSE(wants(applied("/app", {.excluded = {"magic"}}, sysroot), "magic.mgc"));
}

TEST_CASE("gsettings: a program that asks for settings has the schemas") {
  TinyRoot root;
  root.library("libgio-2.0.so.0", "void g_settings_new(void) {}");
  root.program("-l:libgio-2.0.so.0",
               "void g_settings_new(void); void f(void) { g_settings_new(); }");
  root.write("usr/share/glib-2.0/schemas/gschemas.compiled", "schemas");
  Sysroot sysroot(root.path());
  CHECK(wants(applied("/app", {}, sysroot), "gschemas.compiled"));
  CHECK_FALSE(wants(applied("/app", {.excluded = {"gsettings"}}, sysroot), "gschemas.compiled"));
  root.program("-l:libgio-2.0.so.0");
  CHECK_FALSE(wants(applied("/app", {}, sysroot), "gschemas.compiled"));
}

TEST_CASE("without recipes nothing is added, and those asked for still are") {
  Plan plan = applied("/usr/bin/curl", {.excluded = {"*"}});
  CHECK(plan.recipes.empty());
  CHECK(plan.environment.empty());
  for (const Want& want : plan.wants) CHECK_FALSE(want.reason.starts_with("recipe "));
  plan = applied("/usr/bin/curl", {.added = {"tls"}, .excluded = {"*"}});
  CHECK(plan.recipes == std::vector<std::string>{"tls"});
}
