// The root file system the program is taken from: the one seam through which the bundler looks at
// the build machine (or at another root, with --sysroot). Tests replace it whole by a folder.
//
// Paths named `path` are absolute paths inside the root, as the program will ask for them.
// Symbolic links are resolved inside the root: /lib -> /usr/lib means ROOT/usr/lib.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace scratchpack {

enum class FileKind : std::uint8_t { file, directory, symlink, other };

/// What lstat says of one name.
struct FileStatus {
  FileKind kind = FileKind::other;
  std::uint32_t mode = 0;    ///< permission bits, 07777
  std::uint64_t size = 0;    ///< bytes
  std::uint64_t device = 0;  ///< with inode: the identity by which a linker knows a file again
  std::uint64_t inode = 0;
};

/// One name met while a path was followed.
struct Hop {
  std::string path;    ///< absolute, its parents free of links
  FileStatus status;   ///< of this name itself
  std::string target;  ///< of a symlink, as stored in it
};

/// An absolute path without `.`, `..`, doubled or trailing slashes, by text alone.
std::string normal_path(const std::string& path);

class Sysroot {
 public:
  /// `root` is a directory of the build machine; "/" is the machine itself.
  /// Throws Error when it is no directory.
  explicit Sysroot(std::string root = "/");

  /// The directory as a path that can be opened: "/" for the machine itself.
  std::string root() const { return root_.empty() ? "/" : root_; }

  /// Follows `path` to its end as the kernel would with this root as `/`: every directory and
  /// link passed, in order, the final file last. `..` is the real parent of what was reached, as
  /// for the kernel, and never leaves the root. Empty when something is missing, the links turn in
  /// a circle (more than 40), or a name on the way is not a directory. The root itself is a hop
  /// only where it is the end.
  std::vector<Hop> follow(const std::string& path) const;

  /// The final path of follow(), or nothing.
  std::optional<std::string> resolve(const std::string& path) const;

  /// Status of the name itself, links among its parents followed. Nothing when missing.
  std::optional<FileStatus> lstat(const std::string& path) const;
  /// Status of what the path leads to.
  std::optional<FileStatus> stat(const std::string& path) const;

  /// What the link at `path` says, links among its parents followed. Empty when there is no link.
  std::string target_of(const std::string& path) const;

  /// Where the final file of `path` lies on the build machine, for opening; nothing when missing.
  std::optional<std::string> host_path(const std::string& path) const;

  /// The text of a small file (configuration), or nothing when it is missing. At most 16 MiB.
  std::optional<std::string> read_text(const std::string& path) const;

  /// Names in a directory, sorted, without `.` and `..`. Empty when it is missing.
  std::vector<std::string> list(const std::string& path) const;

  /// Paths that match a shell pattern (`*`, `?`, `[]` within a name, `**` for any depth), sorted.
  /// As in a shell, a leading dot must be written and `**` does not enter linked directories;
  /// links that lead nowhere do not match.
  std::vector<std::string> glob(const std::string& pattern) const;

  /// Every file of the build machine that was looked into, for --depfile.
  const std::set<std::string>& files_read() const { return files_read_; }

 private:
  std::vector<Hop> walk(const std::string& path, bool follow_last) const;

  std::string root_;  ///< without a trailing slash, so empty for the machine itself
  mutable std::set<std::string> files_read_;
};

}  // namespace scratchpack
