// The content root of a bundle, from what is in it.
#pragma once

#include <string>

#include "bundler/content/content_root.h"
#include "bundler/read/bundle.h"

namespace scratchpack {

/// Decodes and hashes every content, the rewriting undone. Throws Error for a damaged one.
Digests content_digests(const Bundle& bundle);

/// What content_root() gave when the bundle was built, if nothing was changed since.
std::string content_root(const Bundle& bundle, const Digests& digests);

}  // namespace scratchpack
