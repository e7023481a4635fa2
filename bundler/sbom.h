// `scratchpack sbom`, and what `build --sbom` writes.
#pragma once

#include <string>

namespace scratchpack {

/// Writes the bill of materials of the bundle at `bundle` to `output`, on standard output when that
/// is empty. Every content is read and hashed anew. Throws Error for what is no bundle and for a
/// damaged one.
void sbom(const std::string& bundle, const std::string& output);

/// A file that appears whole or not at all.
void write_sbom(const std::string& text, const std::string& output);

}  // namespace scratchpack
