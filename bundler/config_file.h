// scratchpack.toml: the options of `build` in a file, for build scripts and long command lines.
//
//   app = "/usr/sbin/nginx"                # what stands in front on the command line
//   args = ["-g", "daemon off;"]           # what stands behind --
//   compress = "good"                      # an option by its long name
//   prune = true                           # one without a value
//   expose = [8080, 8443]                  # one that may be repeated
//   env = { TZ = "UTC" }                   # K=V
//
// Paths are relative to the current directory, as they are on the command line.
#pragma once

#include <string>
#include <vector>

#include "bundler/option_table.h"

namespace scratchpack {

struct ConfigWords {
  std::string application;             ///< empty: not named
  std::vector<std::string> options;    ///< as words of a command line, `--name=value`
  std::vector<std::string> arguments;  ///< behind --
};

/// Throws UsageError with line and column for what is no TOML, no option of the command, or has a
/// value of the wrong kind; Error for a file that cannot be read.
ConfigWords read_config(const std::string& file, const CommandTable& table);

}  // namespace scratchpack
