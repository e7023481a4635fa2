// The distribution's packages: which of them brought a file, and what they say about themselves.
#pragma once

#include <map>
#include <string>

#include "bundler/content/file_set.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// As dpkg knows it.
struct Package {
  std::string name;            ///< "libcurl4"
  std::string version;         ///< "7.88.1-10+deb12u8"
  std::string architecture;    ///< "amd64", "all"
  std::string source;          ///< the package it was built from: "curl"
  std::string source_version;  ///< of that; usually the same
  std::string control;         ///< all its fields, a line each, as the package itself has them
  std::string listed_as;       ///< what dpkg's files about it are called: "libcurl4:amd64"
};

/// By what FileEntry::package says: "libcurl4 7.88.1-10+deb12u8".
using Packages = std::map<std::string, Package>;

/// Fills `package` of files and links from the sysroot's dpkg database, where there is one. What no
/// package brought (generated files, alternatives) stays empty. Returns the packages named.
Packages name_packages(FileSet& files, const Sysroot& sysroot);

/// The lines of the package's list of MD5 sums that are about files of the set; empty where dpkg
/// keeps none.
std::string digests_inside(const Package& package, const FileSet& files, const Sysroot& sysroot);

}  // namespace scratchpack
