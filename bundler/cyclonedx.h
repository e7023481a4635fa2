// The bill of materials of a build, in the form of CycloneDX 1.5.
#pragma once

#include <cstdint>
#include <string>

#include "bundler/content/content_root.h"
#include "bundler/report.h"

namespace scratchpack {

/// JSON, ending in a line break; the same for the same arguments.
///   components    packages with their purl, and inside each its files with their SHA-256; files of
///                 no package; what pip installed, with its purl; the distribution as operating
///                 system
///   dependencies  what files ask of each other when they are loaded, and what follows for packages
///   timestamp     `time`, seconds since 1970; none for 0
///   serialNumber  from the content's root: the same content has the same
/// Licences are those that a package's copyright file names in Debian's machine-readable form; of
/// any other nothing is said but where its text lies.
std::string cyclonedx(const Report& report, const Digests& digests, std::uint64_t time);

}  // namespace scratchpack
