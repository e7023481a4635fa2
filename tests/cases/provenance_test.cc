// What a root file system carries about its packages: status.d, os-release, licence texts.
#include "bundler/content/provenance.h"

#include <doctest/doctest.h>

#include "bundler/content/distribution.h"
#include "tests/cases/packaged_root.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

/// The tool and its C library, and what add_provenance() adds to them.
struct Added {
  FileSet files;
  Packages packages;
};

Added add_to_tool(const std::string& root, const std::vector<std::string>& exclude = {}) {
  Sysroot sysroot(root);
  Exclude excluded(exclude);
  Plan plan;
  for (const char* path : {"/usr/bin/tool", "/lib/x86_64-linux-gnu/libc.so.6"}) {
    plan.wants.push_back({.path = path, .reason = "test"});
  }
  Added added{.files = collect(plan, sysroot, excluded, nullptr), .packages = {}};
  added.packages = name_packages(added.files, sysroot);
  add_provenance(added.files, added.packages, sysroot, excluded, nullptr);
  return added;
}

std::string text_of(const FileSet& files, const std::string& path) {
  const auto found = files.find(path);
  return found == files.end() ? "none" : found->second.content.value_or("not generated");
}

}  // namespace

TEST_CASE("a package's own fields are kept, those of its installation are not") {
  ScratchFolder folder;
  const Added added = add_to_tool(testing::make_packaged_root(folder));
  CHECK(text_of(added.files, "/var/lib/dpkg/status.d/tool") ==
        "Package: tool\nMaintainer: Ann <ann@example.org>\nArchitecture: amd64\n"
        "Source: tools (2.0-1)\nVersion: 2.0-1+b1\nDepends: libc6\n"
        "Description: a tool\n that does things\n");
  const Package& tool = added.packages.at("tool 2.0-1+b1");
  CHECK(tool.architecture == "amd64");
  CHECK(tool.source == "tools");
  CHECK(tool.source_version == "2.0-1");
  const Package& libc = added.packages.at("libc6 2.99-1");
  CHECK(libc.source == "glibc");
  CHECK(libc.source_version == "2.99-1");
  CHECK(libc.listed_as == "libc6:amd64");
}

TEST_CASE("the sums of a package are those of its files that are inside") {
  ScratchFolder folder;
  const Added added = add_to_tool(testing::make_packaged_root(folder));
  const std::string sum = "0123456789abcdef0123456789abcdef  ";
  CHECK(text_of(added.files, "/var/lib/dpkg/status.d/tool.md5sums") ==
        sum + "usr/bin/tool\n" + sum + "usr/share/doc/tool/copyright\n");
  // dpkg's name of it, through a link of the merged /usr.
  CHECK(text_of(added.files, "/var/lib/dpkg/status.d/libc6.md5sums")
            .starts_with(sum + "lib/x86_64-linux-gnu/libc.so.6\n"));
}

TEST_CASE("licences, what they refer to and os-release lie at their own places, links kept") {
  ScratchFolder folder;
  const Added added = add_to_tool(testing::make_packaged_root(folder));
  const FileSet& files = added.files;
  CHECK(files.at("/etc/os-release").target == "../usr/lib/os-release");
  CHECK(files.at("/usr/lib/os-release").package == "base-files 12");
  CHECK(files.at("/usr/share/doc/tool/copyright").package == "tool 2.0-1+b1");
  CHECK(files.at("/usr/share/doc/libc6").target == "libc-doc");
  CHECK(files.at("/usr/share/doc/libc-doc/copyright").reason == "licences: of libc6");
  CHECK(files.contains("/usr/share/common-licenses/GPL-2"));
  CHECK(files.contains("/usr/share/common-licenses/LGPL-2.1"));
  CHECK_FALSE(files.contains("/usr/share/common-licenses/NOT-THERE"));
  // Packages of the texts alone are packages inside, too.
  CHECK(files.contains("/var/lib/dpkg/status.d/libc-doc"));
  CHECK(files.contains("/var/lib/dpkg/status.d/base-files"));
  CHECK_FALSE(files.contains("/var/lib/dpkg/status.d/unused"));
  CHECK(added.packages.size() == 4);
}

TEST_CASE("what is excluded or missing stays out, and adding again adds nothing") {
  ScratchFolder folder;
  const std::string root = testing::make_packaged_root(folder);
  Added added = add_to_tool(root, {"/usr/share/doc/**", "/var/lib/dpkg/status.d/*.md5sums"});
  CHECK_FALSE(added.files.contains("/usr/share/doc/tool/copyright"));
  CHECK_FALSE(added.files.contains("/var/lib/dpkg/status.d/tool.md5sums"));
  CHECK(added.files.contains("/var/lib/dpkg/status.d/tool"));

  folder.run("rm -r root/usr/share root/etc/os-release");
  added = add_to_tool(root);
  CHECK(added.files.contains("/usr/lib/os-release"));
  CHECK(added.files.contains("/var/lib/dpkg/status.d/tool"));
  CHECK_FALSE(added.files.contains("/usr/share"));
  Exclude nothing({});
  const std::size_t before = added.files.size();
  add_provenance(added.files, added.packages, Sysroot(root), nothing, nullptr);
  CHECK(added.files.size() == before);
}

TEST_CASE("os-release is read as a shell would") {
  ScratchFolder folder;
  folder.write("etc/os-release",
               "# a comment\nNAME=Other\nID=alpine\nVERSION_ID='3.18'\nVERSION_ID_LIKE=1\n"
               "PRETTY_NAME=\"A \\\"quoted\\\" name\"\n");
  Distribution distribution = read_distribution(Sysroot(folder.path()));
  CHECK(distribution.id == "alpine");
  CHECK(distribution.version == "3.18");
  CHECK(distribution.name == "A \"quoted\" name");
  folder.run("mkdir -p usr/lib && mv etc/os-release usr/lib");
  CHECK(read_distribution(Sysroot(folder.path())).id == "alpine");
  folder.run("rm usr/lib/os-release");
  CHECK(read_distribution(Sysroot(folder.path())).id.empty());
}
