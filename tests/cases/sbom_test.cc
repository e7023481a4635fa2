// `sbom`, `build --sbom` and `extract --licences`, asked of a root file system with packages of its
// own. tests/lib/provenance.sh validates the documents.
#include <doctest/doctest.h>

#include <set>

#include "bundler/python_distributions.h"
#include "tests/cases/packaged_root.h"
#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

const std::string kBuild = "build /usr/bin/tool --sysroot root -q --no-trial -o tool.bundle ";
const std::string kTool21 =
    "pkg:deb/debian/tool@2.0-1%2Bb1?arch=amd64&distro=debian-12&upstream=tools%402.0-1";
const std::string kLibc = "pkg:deb/debian/libc6@2.99-1?arch=amd64&distro=debian-12&upstream=glibc";

std::string text_of(const ScratchFolder& folder, const std::string& name) {
  return output_of("cat '" + name + "'", folder.path());
}

/// The line of a key, blanks and comma cut off: `"serialNumber": "urn:uuid:…"`.
std::string line_of(const std::string& text, const std::string& key) {
  const std::size_t at = text.find('"' + key + '"');
  if (at == std::string::npos) return "";
  const std::size_t end = text.find('\n', at);
  return text.substr(at, end - at - (text[end - 1] == ',' ? 1 : 0));
}

std::string built(const ScratchFolder& folder, const std::string& options,
                  const std::string& before = "") {
  REQUIRE(run(folder, kBuild + "--sbom bill " + options, before).status == 0);
  return text_of(folder, "bill");
}

}  // namespace

TEST_CASE("a bundle alone says what is in it, as its build did") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  const std::string bill = built(folder, "", "SOURCE_DATE_EPOCH=86400 ");
  folder.run("mkdir elsewhere && mv tool.bundle elsewhere && mv root gone");
  CHECK(run(folder, "sbom elsewhere/tool.bundle").out == bill);
  CHECK(run(folder, "sbom elsewhere/tool.bundle -o again", "SOURCE_DATE_EPOCH=1 ").status == 0);
  CHECK(text_of(folder, "again") == bill);

  CHECK(line_of(bill, "timestamp") == "\"timestamp\": \"1970-01-02T00:00:00Z\"");
  CHECK(says(bill, "\"bom-ref\": \"" + kTool21 + "\""));
  CHECK(says(bill, "\"purl\": \"" + kLibc + "\""));
  CHECK(says(bill, "\"value\": \"tools 2.0-1\""));
  CHECK(says(bill, "\"id\": \"GPL-2.0-or-later\""));
  CHECK(says(bill, "\"id\": \"MIT\""));
  CHECK(says(bill, "\"value\": \"/usr/share/doc/libc6/copyright\""));
  CHECK_FALSE(says(bill, "unused"));
  const std::string digest =
      output_of("sha256sum gone/usr/bin/tool | cut -c1-64 | tr -d '\\n'", folder.path());
  CHECK(says(bill, "\"content\": \"" + digest + "\""));
  CHECK_FALSE(says(bill, folder.path()));  // nothing of the build machine
}

TEST_CASE(
    "a scanner that reads no upstream of package URLs gets the source in its own properties") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  folder.run("sed -i 's/^Version: 2.99-1$/Version: 1:2.99-x-1/' root/var/lib/dpkg/status");
  const std::string bill = built(folder, "");
  const std::string libc = bill.substr(bill.find("libc6@1:2.99-x-1"));
  for (const auto& [name, value] : {std::pair{"SrcName", "glibc"},
                                    {"SrcEpoch", "1"},
                                    {"SrcVersion", "2.99-x"},
                                    {"SrcRelease", "1"}}) {
    const std::size_t at = libc.find(std::string("\"aquasecurity:trivy:") + name + '"');
    REQUIRE(at != std::string::npos);
    CHECK(line_of(libc.substr(at), "value") == std::string("\"value\": \"") + value + '"');
  }
}

TEST_CASE("what pip installed is known by what its metadata is called") {
  Report report;
  for (const char* path :
       {"Zope.Some__thing-1.0+cpu.dist-info/METADATA", "Zope.Some__thing-1.0+cpu.dist-info/RECORD",
        "old_one-2.1-py3.11.egg-info/PKG-INFO", "flat-3-py3.11.egg-info",
        "linked.egg-info/PKG-INFO", "package/METADATA", "-1.dist-info/METADATA"}) {
    report.files.push_back({.path = std::string("/venv/lib/") + path, .kind = "file"});
  }
  report.files.push_back(
      {.path = "/usr/lib/x-4.dist-info/METADATA", .kind = "file", .package = "python3-x 4-1"});
  CHECK(python_distributions(report) ==
        std::set<PythonDistribution>{
            {"flat", "3"}, {"old-one", "2.1"}, {"zope-some-thing", "1.0+cpu"}});
}

TEST_CASE("what pip installed has a package URL") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  folder.write("site/Some_thing-1.0+cpu.dist-info/METADATA", "");
  const std::string bill = built(folder, "--add-data site:/usr/local/lib/python3/site-packages");
  CHECK(says(bill, "\"purl\": \"pkg:pypi/some-thing@1.0%2Bcpu\""));
}

TEST_CASE("dependencies lead from file to file and from package to package") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  const std::string bill = built(folder, "");
  const std::string edges = bill.substr(bill.find("\"dependencies\""));
  auto on = [&](const std::string& reference) {
    const std::size_t at = edges.find("\"ref\": \"" + reference + "\"");
    return at == std::string::npos ? "" : edges.substr(at, edges.find('}', at) - at);
  };
  CHECK(says(on("application"), '"' + kTool21 + '"'));
  CHECK(says(on(kTool21), '"' + kLibc + '"'));
  CHECK(says(on("file:/usr/bin/tool"), "\"file:/usr/lib/x86_64-linux-gnu/libc.so.6\""));
  CHECK(says(on("file:/usr/lib/x86_64-linux-gnu/libc.so.6"), "ld-linux-x86-64.so.2"));
}

TEST_CASE("the serial number is the content's, the time is SOURCE_DATE_EPOCH or none") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  const std::string bill = built(folder, "", "env -u SOURCE_DATE_EPOCH ");
  CHECK(line_of(bill, "timestamp").empty());
  std::set<std::string> serials{line_of(bill, "serialNumber")};
  CHECK(serials.begin()->starts_with("\"serialNumber\": \"urn:uuid:"));
  CHECK(serials.contains(line_of(built(folder, "", "SOURCE_DATE_EPOCH=5 "), "serialNumber")));
  CHECK(serials.contains(line_of(built(folder, "--compress fast"), "serialNumber")));
  for (const char* options :
       {"--env A=1", "--env A=2", "--workdir /srv", "--mode extract", "--user 1:1", "-- word"}) {
    CAPTURE(options);
    CHECK(serials.insert(line_of(built(folder, options), "serialNumber")).second);
  }
  folder.write("extra", "");
  CHECK(serials.insert(line_of(built(folder, "--add-data extra:/srv"), "serialNumber")).second);
}

TEST_CASE("a bundle gives back the licence texts of its packages, and these alone") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  REQUIRE(run(folder, kBuild).status == 0);
  CHECK(run(folder, "verify tool.bundle").status == 0);
  CHECK(says(run(folder, "extract tool.bundle texts --licences").out, "4 licence texts"));
  CHECK(output_of("cd texts && find . -type f | sort", folder.path()) ==
        "./usr/share/common-licenses/GPL-2\n./usr/share/common-licenses/LGPL-2.1\n"
        "./usr/share/doc/libc6/copyright\n./usr/share/doc/tool/copyright\n");
  for (const char* path : {"usr/share/common-licenses/GPL-2", "usr/share/doc/libc6/copyright",
                           "usr/share/doc/tool/copyright"}) {
    folder.run(std::string("cmp root/") + path + " texts/" + path);
  }
  CHECK(run(folder, "extract tool.bundle all").status == 0);
  folder.run("test ! -e all/usr/share/doc");  // the program does not see them

  REQUIRE(run(folder, kBuild + "--exclude '/usr/share/common-licenses/**'").status == 0);
  CHECK(says(run(folder, "extract tool.bundle fewer --licences").out, "2 licence texts"));
}

TEST_CASE("where no texts are, the bill of materials says so and nothing fails") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  folder.run("rm -r root/usr/share/doc");
  const std::string bill = built(folder, "");
  CHECK(says(bill, "\"value\": \"not found\""));
  CHECK_FALSE(says(bill, "\"licenses\""));
  Ran ran = run(folder, "extract tool.bundle texts --licences");
  CHECK(ran.status == 1);
  CHECK(says(ran.errors, "extract tool.bundle: carries no licence texts"));
  folder.run("test ! -e texts");
}

TEST_CASE("without a package database the files are listed alone") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  folder.run("rm -r root/var root/usr/lib/os-release root/etc/os-release");
  const std::string bill = built(folder, "");
  CHECK_FALSE(says(bill, "pkg:deb"));
  CHECK_FALSE(says(bill, "operating-system"));
  CHECK(says(bill, "\"bom-ref\": \"file:/usr/bin/tool\""));
  CHECK(run(folder, "sbom tool.bundle").out == bill);
}

TEST_CASE("sbom refuses what is no bundle, and leaves no half of a document") {
  ScratchFolder folder;
  folder.write("stranger", "x");
  Ran ran = run(folder, "sbom stranger -o bill");
  CHECK(ran.status == 1);
  CHECK(says(ran.errors, "read stranger: "));
  folder.run("test ! -e bill");
  CHECK(run(folder, "sbom").status == 2);
}

TEST_CASE("readelf reads from a bundle what package its program is of") {
  ScratchFolder folder;
  testing::make_packaged_root(folder);
  REQUIRE(run(folder, kBuild).status == 0);
  CHECK(says(output_of("readelf -n tool.bundle", folder.path()),
             "{\"type\":\"deb\",\"name\":\"tool\",\"version\":\"2.0-1+b1\","
             "\"architecture\":\"amd64\",\"os\":\"debian\",\"osVersion\":\"12\"}"));
  folder.run("rm root/var/lib/dpkg/info/tool.list");
  REQUIRE(run(folder, kBuild + "--label org.opencontainers.image.version=3.1").status == 0);
  CHECK(says(output_of("readelf -n tool.bundle", folder.path()),
             "{\"type\":\"generic\",\"name\":\"tool\",\"version\":\"3.1\","));
  // Nothing that is too long for the note's place goes in cut.
  REQUIRE(run(folder, kBuild + "--label org.opencontainers.image.version=$(seq -s. 300)").status ==
          0);
  CHECK(says(output_of("readelf -n tool.bundle", folder.path()), "Packaging Metadata: {}"));
}
