// What a root file system carries to tell where its files come from: scanners and people read it.
#pragma once

#include <string>
#include <vector>

#include "bundler/content/exclude.h"
#include "bundler/content/file_set.h"
#include "bundler/content/packages.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// Adds, at their own places and as far as the sysroot has them:
///   /etc/os-release, with the file that it leads to
///   /usr/share/doc/PACKAGE/copyright of every package with a file in the set, and the texts of
///   /usr/share/common-licenses that these refer to
///   /var/lib/dpkg/status.d/PACKAGE, the package's own fields, and PACKAGE.md5sums, of those of its
///   files that are in the set. dpkg's database cut to size, in the form of the distroless images.
/// `packages` become those of the set with these files. Called again it adds what is new.
void add_provenance(FileSet& files, Packages& packages, const Sysroot& sysroot, Exclude& excluded,
                    std::vector<std::string>* warnings);

}  // namespace scratchpack
