// `scratchpack diff`: what changed from one bundle or image to another.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace scratchpack {

/// A file as far as it matters to whoever runs the program.
struct DiffFile {
  std::string kind;  ///< "file", "symlink" or "directory"
  std::uint32_t mode = 0;
  std::uint64_t size = 0;   ///< bytes; of a file
  std::string digest = {};  ///< SHA-256 of a file's content
  std::string target = {};  ///< of a symlink
  std::string package = {};
};

/// One of the two.
struct DiffSide {
  std::string name;         ///< as the user gave it
  std::uint64_t bytes = 0;  ///< of the bundle itself, or of an image's layers
  std::map<std::string, DiffFile> files = {};
  std::map<std::string, std::string> environment = {};
  std::map<std::string, std::string> settings = {};  ///< how it starts: "program", "user", …
};

/// Reads a bundle or an image, every content. Throws Error for what is neither.
DiffSide diff_side(const std::string& path);

/// A name whose value is another, or which only one side has.
struct DiffValue {
  std::string name;
  std::optional<std::string> before, after;
  bool operator==(const DiffValue&) const = default;
};

struct Difference {
  std::string before, after;                          ///< names of the sides
  std::vector<std::string> added = {}, removed = {};  ///< paths
  /// Path, and what is another, in words: "content, 12 B -> 14 B", "mode 0644 -> 0755".
  std::vector<std::pair<std::string, std::string>> changed = {};
  std::vector<DiffValue> packages = {};  ///< versions
  std::vector<DiffValue> environment = {}, settings = {};
  std::int64_t net_files = 0;   ///< regular files more or fewer
  std::int64_t net_size = 0;    ///< bytes of their contents
  std::int64_t net_output = 0;  ///< bytes of the bundle itself, or the layers
  bool same = true;             ///< nothing of all this
};

Difference difference(const DiffSide& before, const DiffSide& after);

/// For people; sizes of what came and went are those of the sides.
std::string diff_text(const Difference& difference, const DiffSide& before, const DiffSide& after);

/// The same as one JSON object, ending in a line break.
std::string diff_json(const Difference& difference, const DiffSide& before, const DiffSide& after);

/// Prints what changed from `before` to `after` on standard output. Returns 0 when they are the
/// same, 1 when not, as diff(1).
int diff(const std::string& before, const std::string& after, bool json);

}  // namespace scratchpack
