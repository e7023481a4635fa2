// Messages in languages nobody asked for, told by where they lie.
#pragma once

#include <string>
#include <vector>

#include "bundler/report.h"

namespace scratchpack {

/// The language of a file below a folder of locales: "de" of
/// /usr/share/locale/de_AT/LC_MESSAGES/git.mo; empty for other files. C and POSIX are no languages.
std::string language_of(const std::string& path);

/// Files of languages that only a whole folder brought (a recipe's, an added one), and that neither
/// --locale nor the environment the bundle starts with names. Not sorted.
std::vector<ReportWaste::Spare> unasked_locales(const Report& report);

}  // namespace scratchpack
