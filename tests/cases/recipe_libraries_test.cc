// The recipes of libraries: what each adds, on a root file system made for it, and that without the
// recipe it is not there. That a real program then finds it, tests/container/real_libraries.py
// asks.
#include <doctest/doctest.h>

#include "bundler/content/file_set.h"
#include "tests/cases/recipe_fixture.h"

using namespace scratchpack;
using namespace scratchpack::testing;

namespace {

struct LibraryRecipe {
  const char* name;
  const char* soname;  ///< of the library that triggers it
  const char* symbol;  ///< that the program calls in it; or nothing
  const char* brings;  ///< a file that it adds …
  const char* leaves;  ///< … and one that it does not
};

const LibraryRecipe kRecipes[] = {
    {"terminfo", "libtinfo.so.6", "", "lib/terminfo/x/xterm", "usr/share/terminfo/a/adm3a"},
    {"terminfo", "libncursesw.so.6", "", "usr/share/terminfo/x/xterm-256color", ""},
    {"readline", "libreadline.so.8", "", "etc/inputrc", ""},
    {"p11-kit", "libp11-kit.so.0", "p11_kit_modules_load",
     "usr/share/p11-kit/modules/p11-kit-trust.module", "usr/share/p11-kit/modules/opensc.module"},
    {"sasl2", "libsasl2.so.2", "sasl_client_new", "lib/x86_64-linux-gnu/sasl2/libplain.so",
     "lib/x86_64-linux-gnu/sasl2/libsasldb.so"},
    {"sasl2", "libsasl2.so.2", "sasl_server_new", "lib/x86_64-linux-gnu/sasl2/libsasldb.so",
     "lib/x86_64-linux-gnu/sasl2/libsql.so"},
    {"krb5", "libkrb5.so.3", "krb5_get_init_creds_password",
     "usr/lib/x86_64-linux-gnu/krb5/plugins/preauth/spake.so", "etc/krb5.keytab"},
    {"krb5", "libkdb5.so.10", "", "usr/lib/x86_64-linux-gnu/krb5/plugins/kdb/db2.so",
     "etc/krb5.conf"},
    {"verto", "libverto.so.1", "", "usr/lib/x86_64-linux-gnu/libverto-libev.so.1", ""},
    {"gio-tls", "libgio-2.0.so.0", "g_tls_client_connection_new",
     "usr/lib/x86_64-linux-gnu/gio/modules/libgiognutls.so",
     "usr/lib/x86_64-linux-gnu/gio/modules/libdconfsettings.so"},
    {"gdk-pixbuf", "libgdk_pixbuf-2.0.so.0", "",
     "usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0/loaders.cache", ""},
    {"fontconfig", "libfontconfig.so.1", "", "etc/fonts/conf.d/10-hinting.conf", ""},
    {"imagemagick", "libMagickCore-6.Q16.so.6", "",
     "usr/lib/x86_64-linux-gnu/ImageMagick-6.9.11/modules-Q16/coders/png.la", ""},
    {"gstreamer", "libgstreamer-1.0.so.0", "",
     "usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstcoreelements.so",
     "usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstx264.so"},
    {"ghostscript", "libgs.so.10", "", "usr/share/ghostscript/10.00.0/Resource/Init/gs_init.ps",
     "usr/share/ghostscript/10.00.0/examples/tiger.eps"},
    {"tesseract", "libtesseract.so.5", "", "usr/share/tesseract-ocr/5/tessdata/eng.traineddata",
     "usr/share/tesseract-ocr/5/tessdata/kor.traineddata"},
    {"poppler", "libpoppler.so.126", "", "usr/share/poppler/cMap/Adobe-Korea1/UniKS-UTF8-H", ""},
    {"proj", "libproj.so.25", "", "usr/share/proj/proj.db", "usr/share/proj/us_noaa.tif"},
    {"gdal", "libgdal.so.32", "", "usr/share/gdal/gcs.csv", ""},
    {"x11", "libX11.so.6", "", "usr/share/X11/locale/en_US.UTF-8/Compose",
     "usr/share/X11/locale/am_ET.UTF-8/Compose"},
    {"thai", "libthai.so.0", "", "usr/share/libthai/thbrk.tri", ""},
    {"aspell", "libaspell.so.15", "", "usr/lib/aspell/en.multi", ""},
    {"guile", "libguile-3.0.so.1", "", "usr/lib/x86_64-linux-gnu/guile/3.0/ccache/web/uri.go",
     "usr/lib/x86_64-linux-gnu/guile/3.0/guile-procedures.txt"},
    {"sox", "libsox.so.3", "", "usr/lib/x86_64-linux-gnu/sox/libsox_fmt_mp3.so",
     "usr/lib/x86_64-linux-gnu/sox/libsox_fmt_mp3.la"},
    {"hunspell", "libhunspell-1.7.so.0", "", "usr/share/hunspell/en_US.dic",
     "usr/share/hunspell/de_DE.dic"},
};

/// A program that is linked with the library and calls the symbol, in a root that has all files.
void fill(const TinyRoot& root, const LibraryRecipe& recipe) {
  std::string symbol = recipe.symbol;
  std::string call = symbol.empty() ? "" : "void " + symbol + "(void)";
  root.library(recipe.soname, call.empty() ? "" : call + " {}");
  root.program(std::string("-l:") + recipe.soname,
               call.empty() ? "" : call + "; void f(void) { " + symbol + "(); }");
  for (const char* file : {recipe.brings, recipe.leaves}) {
    if (*file != 0) root.write(file, "content");
  }
}

}  // namespace

TEST_CASE("recipes of libraries bring what the library reads, and no more") {
  for (const LibraryRecipe& recipe : kRecipes) {
    CAPTURE(recipe.name);
    CAPTURE(recipe.soname);
    TinyRoot root;
    fill(root, recipe);
    Sysroot sysroot(root.path());
    Plan plan = applied("/app", {}, sysroot);
    CHECK(wants(plan, std::string("/") + recipe.brings));
    if (*recipe.leaves != 0) CHECK_FALSE(wants(plan, std::string("/") + recipe.leaves));
    plan = applied("/app", {.excluded = {recipe.name}}, sysroot);
    CHECK_FALSE(wants(plan, std::string("/") + recipe.brings));
  }
}

TEST_CASE("recipes of libraries that are only linked with stay out where a call decides") {
  for (const LibraryRecipe& recipe : kRecipes) {
    if (*recipe.symbol == 0) continue;
    CAPTURE(recipe.name);
    TinyRoot root;
    LibraryRecipe uncalled = recipe;
    uncalled.symbol = "";
    fill(root, uncalled);
    CHECK_FALSE(wants(applied("/app", {}, Sysroot(root.path())), std::string("/") + recipe.brings));
  }
}

TEST_CASE(
    "--prune leaves descriptions of other terminals, keys and texts of errors, though unused") {
  TinyRoot root;
  root.library("libtinfo.so.6", "");
  root.library("libreadline.so.8", "");
  root.library("libX11.so.6", "");
  root.program("-l:libtinfo.so.6 -l:libreadline.so.8 -l:libX11.so.6");
  for (const char* file : {"lib/terminfo/v/vt100", "etc/inputrc", "usr/share/X11/XErrorDB",
                           "usr/share/X11/locale/locale.dir"}) {
    root.write(file, "content");
  }
  Plan plan = applied("/app", {.used = std::set<std::string>()}, Sysroot(root.path()));
  CHECK(wants(plan, "/lib/terminfo/v/vt100"));
  CHECK(wants(plan, "/etc/inputrc"));
  CHECK(wants(plan, "/usr/share/X11/XErrorDB"));
  CHECK_FALSE(wants(plan, "/usr/share/X11/locale/locale.dir"));
}

TEST_CASE("fontconfig: one font comes, the best that there is") {
  TinyRoot root;
  root.library("libfontconfig.so.1", "");
  root.program("-l:libfontconfig.so.1");
  root.write("usr/share/fonts/truetype/odd/Odd.ttf", "font");
  root.write("usr/share/fonts/truetype/odd/Other.ttf", "font");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  CHECK(wants(plan, "**/Odd.ttf"));
  CHECK_FALSE(wants(plan, "**/Other.ttf"));
  root.write("usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "font");
  plan = applied("/app", {}, sysroot);
  CHECK(wants(plan, "**/DejaVuSans.ttf"));
  CHECK_FALSE(wants(plan, "**/Odd.ttf"));
}

TEST_CASE("gstreamer-all: every plugin comes when asked for") {
  TinyRoot root;
  root.library("libgstreamer-1.0.so.0", "");
  root.program("-l:libgstreamer-1.0.so.0");
  root.write("usr/lib/x86_64-linux-gnu/gstreamer-1.0/libgstx264.so", "plugin");
  Sysroot sysroot(root.path());
  CHECK(wants(applied("/app", {.added = {"gstreamer-all"}}, sysroot), "libgstx264.so"));
}

TEST_CASE("qt: a window needs a platform, a database its driver, by the module that is linked") {
  TinyRoot root;
  const std::string plugins = "usr/lib/x86_64-linux-gnu/qt5/plugins/";
  for (const char* name : {"libQt5Core.so.5", "libQt5Gui.so.5", "libQt5Sql.so.5"}) {
    root.library(name, "");
  }
  for (const char* name : {"platforms/libqoffscreen.so", "sqldrivers/libqsqlite.so"}) {
    root.write(plugins + name, "plugin");
  }
  root.program("-l:libQt5Core.so.5 -l:libQt5Gui.so.5");
  Sysroot sysroot(root.path());
  Plan plan = applied("/app", {}, sysroot);
  CHECK(wants(plan, "libqoffscreen.so"));
  CHECK_FALSE(wants(plan, "libqsqlite.so"));
  CHECK_FALSE(wants(applied("/app", {.excluded = {"qt"}}, sysroot), "libqoffscreen.so"));
  root.program("-l:libQt5Core.so.5 -l:libQt5Sql.so.5");
  plan = applied("/app", {}, sysroot);
  CHECK_FALSE(wants(plan, "libqoffscreen.so"));
  CHECK(wants(plan, "libqsqlite.so"));
}

TEST_CASE("BLAS: a library that is an alternative brings the links that lead to it") {
  TinyRoot root;
  root.library("libblas.so.3", "");
  root.program("-l:libblas.so.3");
  root.run(
      "mkdir -p etc/alternatives usr/lib/x86_64-linux-gnu/openblas && "
      "mv lib/x86_64-linux-gnu/libblas.so.3 usr/lib/x86_64-linux-gnu/openblas/");
  root.link("lib/x86_64-linux-gnu/libblas.so.3", "/etc/alternatives/libblas.so.3-x86_64");
  root.link("etc/alternatives/libblas.so.3-x86_64",
            "/usr/lib/x86_64-linux-gnu/openblas/libblas.so.3");
  Sysroot sysroot(root.path());
  FileSet files = collect(applied("/app", {}, sysroot), sysroot, {});
  CHECK(files["/lib/x86_64-linux-gnu/libblas.so.3"].kind == FileKind::symlink);
  CHECK(files["/etc/alternatives/libblas.so.3-x86_64"].kind == FileKind::symlink);
  CHECK(files["/usr/lib/x86_64-linux-gnu/openblas/libblas.so.3"].kind == FileKind::file);
}
