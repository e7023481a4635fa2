#include "bundler/content/licences.h"

#include <doctest/doctest.h>

#include "bundler/content/spdx.h"

using namespace scratchpack;

namespace {

using Names = std::vector<std::string>;

const std::string kHead =
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";

}  // namespace

TEST_CASE("licences are read from the paragraphs about files, each once, in order") {
  CHECK(declared_licences(kHead + "License: curl\n\nFiles: *\nLicense: curl\n\n"
                                  "Files: a b\nlicense: BSD-3-clause  and\tISC\n text\n\n"
                                  "License: other\n only a text\n") ==
        Names{"curl", "BSD-3-clause and ISC"});
  CHECK(declared_licences("Format: http://dep.debian.net/deps/dep5\n\nFiles: *\nLicense: ISC\n") ==
        Names{"ISC"});
  CHECK(declared_licences(kHead + "\n\n\nFiles: *\nLicense: ISC") == Names{"ISC"});
}

TEST_CASE("a licence file in free words declares nothing") {
  CHECK(declared_licences("") == Names{});
  CHECK(declared_licences("It is free.\n\nFiles: *\nLicense: GPL\n") == Names{});
  CHECK(declared_licences(kHead + "\nFiles: *\nLicense:\n the text alone\n") == Names{});
  CHECK(declared_licences(kHead + "\nFiles: *\nLicense: " + std::string(300, 'x') + "\n") ==
        Names{});
}

TEST_CASE("references to common licences are found in running text") {
  const std::string folder = "/usr/share/common-licenses/";
  CHECK(common_licences("see `" + folder + "GPL-3' and " + folder + "LGPL-2.1. Or (" + folder +
                        "GPL-3), " + folder) == Names{folder + "GPL-3", folder + "LGPL-2.1"});
  CHECK(common_licences("in " + folder + "../../etc/passwd") == Names{});
}

TEST_CASE("short names of Debian become SPDX identifiers where they mean one licence") {
  CHECK(spdx_identifier("GPL-2+") == "GPL-2.0-or-later");
  CHECK(spdx_identifier("GPL-2") == "GPL-2.0-only");
  CHECK(spdx_identifier("LGPL-2.1+") == "LGPL-2.1-or-later");
  CHECK(spdx_identifier("gpl-3.0-only") == "GPL-3.0-only");
  CHECK(spdx_identifier("GFDL-1.3") == "GFDL-1.3-only");
  CHECK(spdx_identifier("Expat") == "MIT");
  CHECK(spdx_identifier("BSD-3-clause") == "BSD-3-Clause");
  CHECK(spdx_identifier("zlib") == "Zlib");
  CHECK(spdx_identifier("OpenLDAP-2.8") == "OLDAP-2.8");
  for (const char* none : {"MIT", "BSD", "GPL", "GPL-4", "LGPL-2.1.1", "GPL-2+ or MIT",
                           "public-domain", "", "GFDL-NIV-1.3+"}) {
    CAPTURE(none);
    CHECK(spdx_identifier(none).empty());
  }
}
