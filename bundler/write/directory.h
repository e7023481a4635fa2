// A file set as ordinary files in a folder: `--format dir` and `extract`.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "bundler/base/interrupt.h"
#include "bundler/content/file_set.h"

namespace scratchpack {

/// A folder that appears under its name only when commit() has succeeded: filled as a temporary
/// neighbour, then renamed. Without commit() nothing is left, nor when a signal ends the program.
///
/// An existing folder is replaced when it is empty or was written by this class, as a compiler
/// replaces its output; any other only with `force`, and never `/`, the working directory, a
/// folder above it, or one in which something is mounted. A folder's time stamp says who wrote it
/// (see kOurNanoseconds): a mark inside would be a file that the set does not hold.
class OutputDirectory {
 public:
  /// Throws Error when `path` may not be replaced or no neighbour can be made.
  /// `time` (seconds since 1970) is the change time everything gets.
  OutputDirectory(const std::string& path, std::uint64_t time, bool force);
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;
  ~OutputDirectory();

  /// Entries in the order of their paths; a file's bytes are `content`. Modes are set as the entry
  /// says, whatever the umask. Throws Error for a path whose folder has not been added: nothing is
  /// ever written through a link, whatever a bundle may say.
  void add(const std::string& path, const FileEntry& entry, std::span<const std::uint8_t> content);
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  Unfinished unfinished_;
  std::uint64_t time_;
  /// The folders made so far. Their time is set last: every name made inside changes it.
  std::set<std::string> folders_;
  bool replaces_ = false;
};

/// Whether a folder of this name may be written; throws Error with the reason and the way out if
/// not. For refusing before any work is done.
void check_output_directory(const std::string& path, bool force);

/// Writes the whole set. `step` is called with the bytes of content just written. Returns the
/// bytes of content in all.
std::uint64_t write_directory(const FileSet& files, std::uint64_t time, const std::string& output,
                              bool force, const std::function<void(std::uint64_t)>& step = {});

}  // namespace scratchpack
