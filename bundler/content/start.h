// How a bundle of these files starts: decided when packing, by analysis alone, so that the same
// inputs give the same bytes on every machine.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/content/rewrite.h"
#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"

namespace scratchpack {

enum class Mode : std::uint8_t { automatic, in_place, extract };

struct StartDecision {
  std::string mode;                   ///< "in-place", "extract" or "static"
  std::string why;                    ///< when not in place
  std::vector<std::string> unserved;  ///< extraction: compiled-in absolute paths not served
  /// Rewritten files by path in the bundle, links resolved (in-place only).
  std::map<std::string, RewrittenFile> rewritten;
  std::string program;      ///< path of the program in the bundle, links resolved
  std::string interpreter;  ///< of its linker, links resolved
};

/// The final path in the file set that `path` leads to, links followed; nothing when it is missing.
std::optional<std::string> resolve_in(const FileSet& files, const std::string& path);

/// Rewrites linkers and C libraries and lets the verifier decide. Throws Error when `mode` asks for
/// in-place and it cannot be.
StartDecision decide_start(const Plan& plan, const FileSet& files, Mode mode);

}  // namespace scratchpack
