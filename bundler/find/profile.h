// A profile: which files a program used when it was traced, and which it looked for in vain.
// `trace` writes one, `build --profile` and `doctor` read it; several merge into one.
//
// The file is one JSON object. Every list is sorted, so the same run gives the same bytes:
//
//   "scratchpack_profile": 1      the version of this format
//   "runs": [{"program": "/usr/bin/python3", "status": 0}]
//                                 what was traced; 128+N: it died of signal N. No arguments, as
//                                 they may hold what is nobody's business
//   "executed", "interpreters", "mapped", "opened", "listed", "looked_at": ["/path", …]
//                                 what was used, each path in one list, see Use
//   "missing": ["/path", …]       looked for, and never there
//   "private": ["/path", …]       used, but left out of the lists above: a key, a token, a history
//   "written": ["/path", …]       folders of files that were made or written, none made by the run
//   itself
//
// Paths are absolute and as the program asked for them, links included; keys may be absent.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace scratchpack {

/// Of the format; a file of another is refused.
inline constexpr int kProfileVersion = 1;

/// How a path was used, the weakest first; of several uses the strongest is kept.
enum class Use : std::uint8_t {
  looked_at,    ///< stat, access, readlink: it is there, and of what kind
  listed,       ///< a directory whose names were read
  opened,       ///< a file opened for reading, a directory opened
  mapped,       ///< a library: code of it was mapped
  interpreter,  ///< the dynamic linker or `#!` interpreter of what was executed
  executed,     ///< a program or script
};

/// A program that was traced, and how it ended.
struct ProfileRun {
  std::string program;
  int status = 0;  ///< 128+N when it died of signal N
  auto operator<=>(const ProfileRun&) const = default;
};

struct Profile {
  std::vector<ProfileRun> runs = {};  ///< sorted
  std::map<std::string, Use> files = {};
  std::set<std::string> missing = {};        ///< none of them is in `files`
  std::set<std::string> private_files = {};  ///< none of them is in `files`
  std::set<std::string> written = {};        ///< folders, not below any that the run made

  /// Notes a use. What was missing before is not missing any more.
  void add(const std::string& path, Use use);
  /// What either has used; missing is what neither found. What the other left out as private stays
  /// in when this one has it (it was asked for with --allow-private).
  void merge(const Profile& other);
};

/// The file's text, ending in a line break. Throws Error for a path that is no UTF-8.
std::string to_json(const Profile& profile);

/// Reads it back. `source` names it in messages. Throws Error `read profile SOURCE: …` for what is
/// no profile, or one of another version; a path that is not absolute and normal is one reason.
Profile parse_profile(const std::string& text, const std::string& source);

/// The profile in a file of the build machine.
Profile load_profile(const std::string& file);

}  // namespace scratchpack
