// glibc's /etc/ld.so.cache: the index of libraries by name, read as its linker reads it, and
// written for the bundle.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundler/base/file.h"

namespace scratchpack {

/// A cache that was read. Views point into the bytes it holds.
class LdCache {
 public:
  struct Entry {
    std::string_view name;    ///< soname
    std::string_view path;    ///< absolute, inside the root the cache was made for
    std::string_view hwcaps;  ///< glibc-hwcaps level ("x86-64-v3"), empty for the baseline
  };

  /// Takes the new format, alone or behind the old one's table. Nothing where the linker would use
  /// no cache either: another magic, a table larger than the file, the other byte order. Entries
  /// of other architectures, of the older capability bits, and with offsets outside of the file
  /// are left out.
  static std::optional<LdCache> read(Bytes bytes);

  LdCache(LdCache&&) = default;
  LdCache& operator=(LdCache&&) = default;
  LdCache(const LdCache&) = delete;
  LdCache& operator=(const LdCache&) = delete;

  /// In the file's order.
  const std::vector<Entry>& entries() const { return entries_; }

  /// The path under which `name` is found, for the first of `levels` (best first) that lists it.
  std::optional<std::string> find(std::string_view name,
                                  const std::vector<std::string>& levels) const;

 private:
  LdCache() = default;

  Bytes bytes_;
  std::vector<Entry> entries_;
};

/// One line of a cache to be written.
struct LdCacheEntry {
  std::string name;
  std::string path;
  auto operator<=>(const LdCacheEntry&) const = default;
};

/// A cache in the format `glibc-ld.so.cache1.1` for x86-64, in the order its binary search wants.
/// Of two entries with one name the linker takes the first.
Bytes write_ld_cache(std::vector<LdCacheEntry> entries);

/// The order of names in a cache (glibc's _dl_cache_libcmp): digits compare as numbers.
int compare_library_names(std::string_view left, std::string_view right);

}  // namespace scratchpack
