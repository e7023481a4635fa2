// `scratchpack inspect`: a bundle explained.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundler/report.h"

namespace scratchpack {

/// `rewrites_json` is `json` with the functions named.
enum class InspectView : std::uint8_t {
  summary,
  json,
  tree,
  why,
  rewrites,
  rewrites_json,
  waste,
  packages,
  html
};

/// Prints a view of the bundle or image at `path` on standard output. `asked` is what `why` asks
/// about: a path in the bundle, or a file name if only one file has it; of `html` the page to
/// write. Returns 3, with a line on standard error, when one of the limits (limit.h) is exceeded,
/// else 0. Throws Error for what is neither, for a path that is not in it, and for a page that
/// cannot be written.
int inspect(const std::string& path, InspectView view, const std::string& asked,
            const std::vector<std::string>& limits);

/// The files as a tree, each with its size, each folder with the sum.
std::string tree_text(const Report& report);

/// What each distribution package takes, the largest first.
std::string packages_text(const Report& report);

/// Why a file is in: its reason, the reason of what needs it, and so on to the application. Throws
/// Error when it is not in.
std::string why_text(const Report& report, const std::string& path);

/// Which files were rewritten, at which calls.
std::string rewrites_text(const Report& report);

}  // namespace scratchpack
