#include "bundler/findings.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "bundler/findings_locales.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// Files of a folder as a report has them, without building a bundle: paths are names in it.
class Inside {
 public:
  ScratchFolder folder;
  Report report;

  void library(const std::string& name, const std::string& source, const std::string& flags = "") {
    compile(name, source, "-shared -fPIC -Wl,-soname," + name + " " + flags);
  }
  void program(const std::string& name, const std::string& source, const std::string& flags = "") {
    compile(name, source, "-nostartfiles -Wl,-e,main " + flags);
  }
  void add(const std::string& name, const std::string& reason) {
    const std::string path = folder.path(name);
    report.files.push_back({.path = "/" + name,
                            .kind = "file",
                            .size = std::filesystem::file_size(path),
                            .reason = reason});
  }
  void write(const std::string& name, const std::string& content, const std::string& reason) {
    folder.write(name, content);
    add(name, reason);
  }
  ReportFindings look() {
    std::sort(report.files.begin(), report.files.end(),
              [](const ReportFile& a, const ReportFile& b) { return a.path < b.path; });
    report.findings = findings_of(report, [this](std::size_t number) {
      return read_file(folder.path(report.files[number].path.substr(1)));
    });
    return *report.findings;
  }
  /// "app -> libused.so 1"
  std::vector<std::string> links() {
    std::vector<std::string> all;
    for (const ReportLink& link : look().links) {
      all.push_back(report.files[link.from].path.substr(1) + " -> " +
                    report.files[link.to].path.substr(1) + " " + std::to_string(link.symbols));
    }
    return all;
  }

 private:
  void compile(const std::string& name, const std::string& source, const std::string& flags) {
    folder.write(name + ".c", source);
    folder.run("gcc -nostdlib -s -o " + name + " " + name + ".c -Wl,--no-as-needed -L. " + flags);
  }
};

using Paths = std::vector<std::string>;

Paths paths_of(const std::vector<ReportWaste::Spare>& spares) {
  Paths paths;
  for (const ReportWaste::Spare& spare : spares) paths.push_back(spare.path);
  return paths;
}

}  // namespace

TEST_CASE("a library is unused when nothing inside takes a symbol of it") {
  Inside in;
  in.library("libused.so", "int used(void) { return 1; }");
  in.library("libspare.so", "int spare(void) { return 2; }");
  in.program("app", "int used(void); int main(void) { return used(); }",
             "-l:libused.so -l:libspare.so");
  in.add("app", "the application");
  in.add("libused.so", "needed by /app");
  in.add("libspare.so", "needed by /app");
  CHECK(in.links() == Paths{"app -> libused.so 1", "app -> libspare.so 0"});
  const ReportWaste& waste = in.report.findings->waste;
  REQUIRE(paths_of(waste.unused) == Paths{"/libspare.so"});
  CHECK(waste.unused[0].needed_by == Paths{"/app"});
  CHECK(waste.bytes == waste.unused[0].bytes);
  CHECK(says(waste_text(in.report), "needed by /app\n"));
}

TEST_CASE("what is asked for by name is not unused: a plugin of a recipe, an added library") {
  Inside in;
  in.library("libplugin.so", "int plugin(void) { return 2; }");
  in.add("libplugin.so", "recipe plugins: it is loaded by name");
  CHECK(in.look().waste.unused.empty());
}

TEST_CASE("data copied into a program is use of the library it comes from") {
  Inside in;
  in.library("libdata.so", "int shared_value = 7;");
  in.program("app", "extern int shared_value; int main(void) { return shared_value; }",
             "-fno-pic -no-pie -l:libdata.so");
  in.add("app", "the application");
  in.add("libdata.so", "needed by /app");
  CHECK(in.look().waste.unused.empty());
}

TEST_CASE("a symbol that no library of the file itself defines counts for whoever defines it") {
  Inside in;
  in.library("libdeep.so", "int deep(void) { return 1; }");
  in.library("libmid.so", "int mid(void) { return 2; }", "-l:libdeep.so");
  in.library("app", "int mid(void), deep(void); int top(void) { return mid() + deep(); }",
             "-l:libmid.so");
  in.add("app", "the application");
  in.add("libmid.so", "needed by /app");
  in.add("libdeep.so", "needed by /libmid.so");
  CHECK(in.links() == Paths{"app -> libmid.so 1", "libmid.so -> libdeep.so 0"});
  CHECK(in.report.findings->waste.unused.empty());
}

TEST_CASE("of two libraries of one name the one is meant that the walk found for the file") {
  Inside in;
  in.library("libtwo.so", "int two(void) { return 1; }");
  in.program("app", "int two(void); int main(void) { return two(); }", "-l:libtwo.so");
  in.folder.copy("far/libtwo.so", in.folder.path("libtwo.so"));
  in.add("app", "the application");
  in.add("far/libtwo.so", "needed by /app");
  in.add("libtwo.so", "--add-data .:/");
  CHECK(in.links() == Paths{"app -> far/libtwo.so 1"});
}

TEST_CASE("libraries are found through the links of their names") {
  Inside in;
  in.library("libused.so", "int used(void) { return 1; }");
  in.program("app", "int used(void); int main(void) { return used(); }", "-l:libused.so");
  in.folder.copy("libused.so.1.2", in.folder.path("libused.so"));
  in.add("app", "the application");
  in.add("libused.so.1.2", "needed by /app");
  in.report.files.push_back({.path = "/libused.so",
                             .kind = "symlink",
                             .target = "libused.so.1.2",
                             .reason = "needed by /app"});
  CHECK(in.links() == Paths{"app -> libused.so.1.2 1"});
}

TEST_CASE("identical files are told by their content, not by their size") {
  Inside in;
  in.write("a", "same bytes", "--add-data .:/");
  in.write("b", "other byte", "--add-data .:/");
  in.write("c/a", "same bytes", "--add-data .:/");
  in.write("d", "same bytes", "--add-data .:/");
  in.write("empty", "", "--add-data .:/");
  in.write("empty2", "", "--add-data .:/");
  const ReportWaste waste = in.look().waste;
  REQUIRE(waste.identical.size() == 1);
  CHECK(waste.identical[0].size == 10);
  CHECK(waste.identical[0].paths == Paths{"/a", "/c/a", "/d"});
  CHECK(waste.bytes == 20);
}

TEST_CASE("debug information is what strip takes, and counts once beside the whole file") {
  Inside in;
  const std::string source = "int used(void) { return 1; }";
  in.library("libplain.so", source);
  in.library("libdebug.so", source);
  in.folder.run(
      "gcc -nostdlib -shared -fPIC -g -o libdebug.so libdebug.so.c && "
      "cp libdebug.so again.so && strip -o stripped.so libdebug.so && "
      "gcc -c -g -o object.o libdebug.so.c");
  for (const char* name : {"libplain.so", "libdebug.so", "again.so", "stripped.so", "object.o"}) {
    in.add(name, "--add-data .:/");
  }
  const ReportWaste waste = in.look().waste;
  REQUIRE(paths_of(waste.debug) == Paths{"/again.so", "/libdebug.so"});
  const auto size = std::filesystem::file_size(in.folder.path("libdebug.so"));
  const auto less = size - std::filesystem::file_size(in.folder.path("stripped.so"));
  // strip also shortens the table of sections, and what was put in to align.
  CHECK(waste.debug[0].bytes > less / 3);
  CHECK(waste.debug[0].bytes <= less);
  REQUIRE(waste.identical.size() == 1);
  CHECK(waste.bytes == size + waste.debug[0].bytes);
}

TEST_CASE("a damaged ELF file is data") {
  Inside in;
  in.write("broken", std::string("\177ELF\2\1\1") + std::string(57, '\377'), "--add-data .:/");
  const ReportFindings findings = in.look();
  CHECK(findings.links.empty());
  CHECK(findings.waste.bytes == 0);
}

TEST_CASE("languages are told by the folders they lie in") {
  CHECK(language_of("/usr/share/locale/de/LC_MESSAGES/git.mo") == "de");
  CHECK(language_of("/usr/share/locale/de_AT/LC_MESSAGES/git.mo") == "de");
  CHECK(language_of("/usr/share/locale/sr@latin/LC_MESSAGES/git.mo") == "sr");
  CHECK(language_of("/usr/share/locale/ast/LC_MESSAGES/git.mo") == "ast");
  CHECK(language_of("/app/django/conf/locale/ko/formats.py") == "ko");
  CHECK(language_of("/usr/lib/locale/C.utf8/LC_CTYPE").empty());
  CHECK(language_of("/app/locale/lib/parse.js").empty());
  CHECK(language_of("/usr/share/locale/locale.alias").empty());
  CHECK(language_of("/usr/share/doc/de/readme").empty());
}

TEST_CASE("languages that somebody asked for are no waste") {
  const std::string ko = "share/locale/ko/LC_MESSAGES/app.mo";
  const std::string de = "share/locale/de/LC_MESSAGES/app.mo";
  const std::string fr = "share/locale/fr/LC_MESSAGES/app.mo";
  Inside in;
  in.write(ko, "k", "recipe app: its messages");
  in.write(de, "d", "recipe app: its messages");
  in.write(fr, "f", "used in trace run: read");
  CHECK(paths_of(in.look().waste.locales) == Paths{"/" + de, "/" + ko});
  in.report.launch.environment.push_back({.name = "LANG", .value = "de_DE.UTF-8"});
  CHECK(paths_of(in.look().waste.locales) == Paths{"/" + ko});
  in.write("lib/locale/ko_KR.utf8/LC_CTYPE", "x", "--locale ko_KR.UTF-8");
  CHECK(in.look().waste.locales.empty());
}
