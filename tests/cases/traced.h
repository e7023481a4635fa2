// Programs of a test's folder under `scratchpack trace`.
#pragma once

#include <string>

#include "bundler/find/profile.h"
#include "tests/cases/tool_run.h"

namespace scratchpack {

struct Trace {
  Ran ran;
  Profile profile;

  /// Fails the test when the path is not in the profile.
  Use use_of(const std::string& path) const;
  bool has(const std::string& path) const { return profile.files.contains(path); }
};

/// Runs `scratchpack trace -o p OPTIONS -- COMMAND` in the folder; `before` as for run(). Fails the
/// test when there is no profile.
Trace trace_of(const ScratchFolder& folder, const std::string& command,
               const std::string& options = "", const std::string& before = "");

/// An executable text of the folder. Returns the absolute path, as does program().
std::string script(const ScratchFolder& folder, const std::string& name, const std::string& text);

/// Compiles `source` (C) to a program of the folder.
std::string program(const ScratchFolder& folder, const std::string& name, const std::string& source,
                    const std::string& flags = "");

}  // namespace scratchpack
