// Licences of the packages inside: their texts, and what these say in a form for machines.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bundler/content/exclude.h"
#include "bundler/content/packages.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// Where a Debian package's licence lies: /usr/share/doc/NAME/copyright.
std::string licence_path(const Package& package);

/// The licences that a copyright file in Debian's machine-readable form (copyright-format 1.0)
/// gives to its files: "GPL-2+", "BSD-3-clause and ISC", each once, in the order in which they are
/// named. Empty for a file in any other form: nothing is guessed.
std::vector<std::string> declared_licences(std::string_view copyright);

/// Paths below /usr/share/common-licenses that a licence refers to, sorted.
std::vector<std::string> common_licences(std::string_view copyright);

/// Texts by path: the licences of the packages as far as the sysroot has them, and the common
/// licences that they refer to. `excluded` patterns leave texts out.
std::map<std::string, std::string> licence_texts(const Packages& packages, const Sysroot& sysroot,
                                                 Exclude& excluded);

}  // namespace scratchpack
