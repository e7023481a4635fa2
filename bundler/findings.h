// What only the contents of a bundle tell: who uses whose symbols, and what could be left out.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "bundler/base/file.h"
#include "bundler/report.h"

namespace scratchpack {

/// The bytes of a regular file of a report, by its number there, as they were before they were
/// packed.
using ContentOf = std::function<Bytes(std::size_t)>;

/// Reads the ELF files, and those files that another one has the size of.
///
/// A library counts as unused when no file inside imports a symbol it defines. Symbols are compared
/// by name alone, and a name that no library of the importing file itself defines counts for every
/// library that defines it, so that what is called unused is. What a constructor does, or dlsym
/// finds, is not seen.
ReportFindings findings_of(const Report& report, const ContentOf& content);

/// The waste for people: a table of sums, then each list with what to do about it.
std::string waste_text(const Report& report);

}  // namespace scratchpack
