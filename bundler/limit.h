// `--fail-if 'waste>5%'`: a measure of an image or bundle that must not be exceeded.
//
//   MEASURE OP NUMBER UNIT
//
//   MEASURE   overwritten, deleted, duplicates, size;
//             waste: the first three, and of a bundle all that --waste lists
//   OP        > or >=
//   UNIT      B, kB, MB, GB (powers of 1000), KiB, MiB, GiB (of 1024);
//             nothing for bytes, % of all bytes in the layers (not for size)
//
// The number may have decimals, blanks may stand in between.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace scratchpack {

/// The status of a command whose limit is exceeded.
inline constexpr int kLimitExceeded = 3;

/// Bytes.
struct Measures {
  std::uint64_t whole = 0;        ///< of all files in all layers, or in the bundle
  std::uint64_t overwritten = 0;  ///< of layers' files that later layers write again
  std::uint64_t deleted = 0;      ///< of those that later layers delete
  std::uint64_t duplicates = 0;   ///< of files whose content another file has, too
  std::uint64_t spare = 0;        ///< of a bundle: what --waste lists besides those
  std::uint64_t waste() const { return overwritten + deleted + duplicates + spare; }
  /// Of all bytes, in percent.
  double waste_percent() const;
};

struct Limit {
  std::string text;  ///< as typed
  std::string measure;
  bool reached = false;  ///< met by just as much, too
  bool percent = false;
  double amount = 0;  ///< bytes or percent
};

/// Throws UsageError that names what is allowed.
Limit parse_limit(const std::string& option, const std::string& text);

/// For the table of options: the text itself, once it has been checked.
std::string checked_limit(const std::string& option, const std::string& text);

/// What is to be said when it is exceeded; nothing when it is not.
std::optional<std::string> exceeded(const Limit& limit, const Measures& measures);

}  // namespace scratchpack
