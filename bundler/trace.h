// `scratchpack trace`: runs a command and writes down which files it used.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace scratchpack {

/// Returns the command's own status; 127 or 126, with a line on standard error, where it could not
/// be executed. Throws Error where it cannot be traced or the profile not be written.
int trace_command(const std::string& profile, const std::vector<std::string>& command,
                  bool allow_private);

/// A line for each private file or folder that was left out, on standard error.
void warn_of_private(const std::set<std::string>& paths);

}  // namespace scratchpack
