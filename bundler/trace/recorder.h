// What a trace makes of the paths it sees: which of them belong into the profile, and as what.
//
// Left out is what is the machine's own, what is no file or directory, what the traced programs
// made themselves (created, overwritten, linked or renamed into place, and all below a directory
// they made), and, into a list of its own, what looks private.
//
// Paths are absolute and of the tracer's own root.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "bundler/find/profile.h"

namespace scratchpack {

struct RecorderOptions {
  bool allow_private = false;
  /// Where the user happens to be (working directory, home): that they were looked at means
  /// nothing, nor do the directories above them.
  std::vector<std::string> whereabouts = {};
};

class Recorder {
 public:
  explicit Recorder(RecorderOptions options) : options_(std::move(options)) {}

  /// The path was used. True when the same use again would change nothing; false when it is not
  /// there.
  bool use(const std::string& path, Use use);
  /// The file at `real` was used, under whatever name it was opened.
  void use_real(const std::string& real, Use use);
  /// A program was executed: with its interpreters, which the kernel opens by itself. Their paths
  /// are of `root`, which the program has for its own; empty: it has the tracer's.
  void execute(const std::string& path, const std::string& root = {});
  /// Something was looked for, and it is not there.
  void miss(const std::string& path);
  /// A traced program made it: from now on it is none of the machine's files.
  void made(const std::string& path);
  /// A traced program made or opened it to write: a container has to let it, unless that is where
  /// the user happens to be.
  void wrote(const std::string& path);

  Profile profile() && { return std::move(profile_); }

 private:
  bool knows(const std::string& path, Use use) const;
  bool take(const std::string& path, const std::string& real, Use use);
  bool is_made(const std::string& real) const;
  bool belongs(const std::string& path, const std::string& real, mode_t mode, Use use);
  bool is_whereabouts(const std::string& path) const;

  RecorderOptions options_;
  Profile profile_;
  std::set<std::string> made_;     ///< real paths
  std::set<std::string> ignored_;  ///< paths that were used and don't belong into the profile
  std::map<std::string, std::set<std::string>> names_of_;  ///< real path -> paths it was used by
};

}  // namespace scratchpack
