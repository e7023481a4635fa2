// The layout is a promise: these cases fail when a file crosses a wall that the rooms agreed on.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SCRATCHPACK_SOURCE_DIR;

/// Sources below a folder, relative to the root.
std::vector<std::string> sources(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    std::string extension = entry.path().extension();
    if (extension == ".cc" || extension == ".h" || extension == ".S") {
      names.push_back(fs::relative(entry.path(), kRoot));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(kRoot / name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// What a source includes, as it is written: `"bundler/base/file.h"`, `<archive.h>`.
std::vector<std::string> includes_of(const std::string& name) {
  static const std::regex kInclude("\\s*#\\s*include\\s+([<\"][^>\"]+[>\"]).*");
  std::vector<std::string> includes;
  std::smatch match;
  for (const std::string& line : lines_of(name)) {
    if (std::regex_match(line, match, kInclude)) includes.push_back(match[1]);
  }
  return includes;
}

/// The room of a bundler file, from the lowest up; a file may include its own room and lower ones.
int floor_of(const std::string& path) {
  static const std::vector<std::pair<std::string, int>> kFloors = {
      {"runtime/", 0},       {"bundler/base/", 0},   {"bundler/find/", 1},  {"bundler/content/", 2},
      {"bundler/trace/", 2}, {"bundler/python/", 2}, {"bundler/write/", 3}, {"bundler/read/", 3},
      {"bundler/main", 5},   {"bundler/", 4},
  };
  for (const auto& [prefix, floor] : kFloors) {
    if (path.starts_with(prefix)) return floor;
  }
  return -1;
}

std::string room_of(const std::string& path) { return fs::path(path).parent_path(); }

}  // namespace

TEST_CASE("the top level is what the house agreed on") {
  static const std::set<std::string> kAllowed = {"CMakeLists.txt", "LICENSE", "CHANGELOG.md",
                                                 "README.md",      "bundler", "bootloader",
                                                 "runtime",        "tests",   "samples"};
  for (const auto& entry : fs::directory_iterator(kRoot)) {
    std::string name = entry.path().filename();
    CAPTURE(name);
    // Dot files and build folders are not part of it.
    CHECK((kAllowed.contains(name) || name.starts_with('.') || name.starts_with("build")));
  }
}

TEST_CASE("includes go one way: base, find, content, write and read, the commands, main") {
  for (const std::string& source : sources("bundler")) {
    for (const std::string& include : includes_of(source)) {
      if (!include.starts_with('"')) continue;
      std::string target = include.substr(1, include.size() - 2);
      CAPTURE(source);
      CAPTURE(target);
      REQUIRE(floor_of(target) >= 0);
      CHECK(floor_of(target) <= floor_of(source));
      // Two rooms on one floor do not know each other.
      bool rooms =
          floor_of(source) == floor_of(target) && (floor_of(source) == 2 || floor_of(source) == 3);
      CHECK((!rooms || room_of(source) == room_of(target)));
    }
  }
}

TEST_CASE("only main, build and the parser see the options") {
  static const std::set<std::string> kMay = {
      "bundler/main.cc",
      "bundler/build.h",
      "bundler/build.cc",
      "bundler/build_image.h",
      "bundler/build_job.h",
      "bundler/build_image.cc",
      "bundler/build_from_image.h",
      "bundler/build_from_image.cc",
      "bundler/options.cc",
      "bundler/option_table.h",
      "bundler/option_table.cc",
  };
  for (const std::string& source : sources("bundler")) {
    for (const std::string& include : includes_of(source)) {
      CAPTURE(source);
      if (include == "\"bundler/options.h\"") CHECK(kMay.contains(source));
    }
  }
}

TEST_CASE("headers of one room do not include each other in a circle") {
  std::map<std::string, std::vector<std::string>> graph;
  for (const std::string& source : sources("bundler")) {
    if (!source.ends_with(".h")) continue;
    for (const std::string& include : includes_of(source)) {
      graph[source].push_back(include.substr(1, include.size() - 2));
    }
  }
  // Every header that can be peeled off, because all it includes is already; a circle stays.
  bool peeled = true;
  while (peeled) {
    peeled = false;
    for (auto next = graph.begin(); next != graph.end(); ++next) {
      bool bound = std::any_of(next->second.begin(), next->second.end(),
                               [&](const std::string& name) { return graph.contains(name); });
      if (bound) continue;
      graph.erase(next);
      peeled = true;
      break;
    }
  }
  for (const auto& [header, targets] : graph) FAIL_CHECK(header << " is part of a circle");
}

TEST_CASE("each third-party library is included by exactly one room's file") {
  // Library -> what its headers begin with, the files that may include it.
  struct Library {
    std::string headers;
    std::set<std::string> files;
  };
  const std::vector<Library> libraries = {
      {"<LIEF/", {"bundler/find/elf_file.cc"}},
      {"<archive", {"bundler/write/tar.cc", "bundler/read/tar_stream.cc"}},
      {"<CLI/", {"bundler/options.cc"}},
      {"<Zydis/", {"bundler/content/rewrite_disassemble.cc"}},
      {"<toml++/", {"bundler/find/recipe.cc", "bundler/config_file.cc", "bundler/python/graph.cc"}},
      {"<nlohmann/",
       {"bundler/report.cc", "bundler/cyclonedx.cc", "bundler/package_note.cc",
        "bundler/page_data.cc", "bundler/image_report.cc", "bundler/doctor.cc",
        "bundler/diff_text.cc", "bundler/find/dlopen_names.cc", "bundler/find/profile.cc",
        "bundler/read/image_manifest.cc", "bundler/write/image_json.cc",
        "bundler/python/graph.cc"}},
      {"<openssl/", {"bundler/base/digest.cc"}},
      {"<xxhash", {"bundler/base/digest.cc"}},
      {"<zlib", {"bundler/write/gzip.cc"}},
      {"<zstd", {"bundler/write/compress.cc", "bundler/read/bundle.cc"}},
  };
  for (const std::string& source : sources("bundler")) {
    for (const std::string& include : includes_of(source)) {
      for (const Library& library : libraries) {
        if (!include.starts_with(library.headers)) continue;
        CAPTURE(source);
        CAPTURE(include);
        CHECK(library.files.contains(source));
      }
    }
  }
}

TEST_CASE("runtime and bootloader include no header of the bundler and none of the C++ library") {
  for (const char* folder : {"runtime", "bootloader"}) {
    for (const std::string& source : sources(folder)) {
      for (const std::string& include : includes_of(source)) {
        CAPTURE(source);
        CAPTURE(include);
        CHECK_FALSE(include.starts_with("\"bundler/"));
        CHECK((include.starts_with('"') || include.find('.') != std::string::npos));
      }
    }
  }
}

TEST_CASE("files stay small enough to be read at one sitting") {
  for (const char* folder : {"bundler", "runtime", "bootloader"}) {
    for (const std::string& source : sources(folder)) {
      CAPTURE(source);
      CHECK(lines_of(source).size() <= 600);
    }
  }
}

TEST_CASE("sources promise nothing for later and name no machine of ours") {
  const std::regex forbidden("\\b(TODO|FIXME|XXX|HACK)\\b|/home/[a-z]|/work/|/tmp/wt");
  for (const char* folder : {"bundler", "runtime", "bootloader"}) {
    for (const std::string& source : sources(folder)) {
      for (const std::string& line : lines_of(source)) {
        CAPTURE(source);
        CAPTURE(line);
        CHECK_FALSE(std::regex_search(line, forbidden));
      }
    }
  }
}
