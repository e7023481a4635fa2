// The one rule by which a pattern is matched against a path: for --exclude and the recipes.
#pragma once

#include <string>

namespace scratchpack {

/// Whether `path` (absolute) matches the shell pattern. A pattern without a slash is matched
/// against the last name of the path, one with a slash against the whole of it. `*`, `?` and
/// `[…]` stay within one name, `**` stands for any number of names, none included.
bool glob_matches(const std::string& pattern, const std::string& path);

}  // namespace scratchpack
