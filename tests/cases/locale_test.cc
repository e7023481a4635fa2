// --locale: what it adds, and that the real programs then speak it.
#include <doctest/doctest.h>

#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/find/locale.h"
#include "tests/cases/recipe_fixture.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;
using namespace scratchpack::testing;

TEST_CASE("a locale's name is taken apart as glibc does") {
  CHECK(parse_locale("ko_KR.UTF-8").folder() == "ko_KR.utf8");
  CHECK(parse_locale("ko_KR").folder() == "ko_KR.utf8");
  CHECK(parse_locale("de_DE.ISO-8859-15@euro").folder() == "de_DE.iso885915@euro");
  CHECK(parse_locale("de_DE.ISO-8859-15@euro").source() == "de_DE@euro");
  CHECK(parse_locale("eo.utf8").folder() == "eo.utf8");
  for (const char* name : {"", "../etc", "ko_KR.UTF-8/..", ".UTF-8", "ko KR"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(parse_locale(name), UsageError);
  }
}

TEST_CASE("--locale: dates and collation are those of the language, in an empty root") {
  ScratchFolder folder;
  const std::string korean =
      "build /usr/bin/date -q --locale ko_KR.UTF-8,de_DE.UTF-8 --env "
      "LC_ALL=ko_KR.UTF-8 -o ";
  REQUIRE(run(folder, korean + "date").status == 0);
  CHECK(run(folder, "verify -q date -- -u -d 2024-05-06 '+%A %B'").out == "월요일 5월\n");
  REQUIRE(run(folder, korean + "again").status == 0);
  folder.run("cmp date again");

  folder.write("words", "z\nä\nb\n");
  const std::string german = "build /usr/bin/sort -q --env LC_ALL=de_DE.UTF-8 --add-data words:/ ";
  REQUIRE(run(folder, german + "--locale de_DE.UTF-8 -o sort").status == 0);
  CHECK(run(folder, "verify -q sort -- /words").out == "ä\nb\nz\n");
  REQUIRE(run(folder, german + "-o plain").status == 0);
  CHECK(run(folder, "verify -q plain -- /words").out == "b\nz\nä\n");
}

TEST_CASE("--locale: the messages come of what the programs translate, in that language alone") {
  TinyRoot root;
  root.program("", "char* textdomain(const char*); char* f(void) { return textdomain(\"mine\"); }");
  root.write("usr/lib/locale/ko_KR.utf8/LC_CTYPE", "compiled");
  for (const char* name : {"ko/LC_MESSAGES/mine.mo", "ko/LC_MESSAGES/libc.mo",
                           "ko/LC_MESSAGES/other.mo", "de/LC_MESSAGES/mine.mo"}) {
    root.write(std::string("usr/share/locale/") + name, "catalogue");
  }
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  plan_locales(plan, sysroot, {"ko_KR.UTF-8"});
  CHECK(wants(plan, "/usr/lib/locale/ko_KR.utf8"));
  CHECK(wants(plan, "/usr/share/locale/ko/LC_MESSAGES/mine.mo"));
  CHECK(wants(plan, "/usr/share/locale/ko/LC_MESSAGES/libc.mo"));
  CHECK_FALSE(wants(plan, "**/other.mo"));
  CHECK_FALSE(wants(plan, "/usr/share/locale/de/**"));
}

TEST_CASE("--locale: what cannot be made is an error that says what to install") {
  TinyRoot root;
  root.program();
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  CHECK_THROWS_WITH_AS(plan_locales(plan, sysroot, {"ko_KR.UTF-8"}),
                       doctest::Contains("install the package locales"), Error);
  root.write("usr/share/i18n/locales/ko_KR", "");
  CHECK_THROWS_WITH_AS(plan_locales(plan, sysroot, {"xx_XX"}),
                       doctest::Contains("there is no /usr/share/i18n/locales/xx_XX"), Error);
  plan.interpreter = "/lib/ld-musl-x86_64.so.1";
  plan_locales(plan, sysroot, {"ko_KR.UTF-8"});
  CHECK(has_warning(plan, "musl has no locale"));
}
