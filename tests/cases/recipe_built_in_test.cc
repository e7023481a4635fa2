// Each built-in recipe on a real program: what it adds is there, and not there without it.
#include <doctest/doctest.h>

#include "bundler/base/error.h"
#include "bundler/content/file_set.h"
#include "tests/cases/recipe_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

const char* kCertificates = "/etc/ssl/certs/ca-certificates.crt";

}  // namespace

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
