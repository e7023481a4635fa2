#include "bundler/content/spdx.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace scratchpack {
namespace {

/// Identifiers of SPDX that Debian spells in the same letters, whatever their size.
constexpr const char* kSame[] = {
    "0BSD",         "Apache-1.1",
    "Apache-2.0",   "Artistic-2.0",
    "BSD-1-Clause", "BSD-2-Clause",
    "BSD-3-Clause", "BSD-4-Clause",
    "BSL-1.0",      "CC0-1.0",
    "CC-BY-3.0",    "CC-BY-4.0",
    "CC-BY-SA-3.0", "CC-BY-SA-4.0",
    "CDDL-1.0",     "curl",
    "EPL-1.0",      "EPL-2.0",
    "FTL",          "HPND",
    "ICU",          "IJG",
    "ISC",          "libtiff",
    "MPL-1.1",      "MPL-2.0",
    "NCSA",         "OFL-1.1",
    "OpenSSL",      "PostgreSQL",
    "Ruby",         "Unlicense",
    "Vim",          "Unicode-DFS-2016",
    "W3C",          "WTFPL",
    "X11",          "Zlib",
    "bzip2-1.0.6",  "OLDAP-2.8",
};
const std::map<std::string, std::string> kOther = {
    {"expat", "MIT"},           {"apache-2", "Apache-2.0"},    {"boost-1.0", "BSL-1.0"},
    {"cc0", "CC0-1.0"},         {"openldap-2.8", "OLDAP-2.8"}, {"sil-1.1", "OFL-1.1"},
    {"sil-ofl-1.1", "OFL-1.1"}, {"zlib/libpng", "Zlib"},
};

/// The licences of the FSF: each in versions, one of them alone or "or later".
struct Family {
  std::string_view name;
  std::string_view versions;  ///< each between blanks
};
constexpr Family kFamilies[] = {{"LGPL", " 2.0 2.1 3.0 "},
                                {"AGPL", " 1.0 3.0 "},
                                {"GPL", " 1.0 2.0 3.0 "},
                                {"GFDL", " 1.1 1.2 1.3 "}};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return text;
}

/// Cuts `ending` off; whether it was there.
bool drop_ending(std::string& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.resize(text.size() - ending.size());
  return true;
}

std::string of_family(std::string name) {
  const bool later = drop_ending(name, "+") || drop_ending(name, "-or-later");
  if (!later) drop_ending(name, "-only");
  for (const Family& family : kFamilies) {
    const std::string head = lower(std::string(family.name)) + "-";
    if (!name.starts_with(head)) continue;
    std::string version = name.substr(head.size());
    if (version.size() == 1) version += ".0";
    if (family.versions.find(" " + version + " ") == std::string_view::npos) return "";
    return std::string(family.name) + "-" + version + (later ? "-or-later" : "-only");
  }
  return "";
}

}  // namespace

std::string spdx_identifier(const std::string& short_name) {
  const std::string name = lower(short_name);
  if (const auto found = kOther.find(name); found != kOther.end()) return found->second;
  for (const char* identifier : kSame) {
    if (lower(identifier) == name) return identifier;
  }
  return of_family(name);
}

}  // namespace scratchpack
