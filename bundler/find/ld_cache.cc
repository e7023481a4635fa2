// The file, little endian (glibc's sysdeps/generic/dl-cache.h is the only description there is):
//
//     0  "glibc-ld.so.cache" "1.1"
//    20  number of entries, 24 bytes of strings' length, flags (2: little endian), padding,
//        32  offset of the extension area, 3 reserved words
//    48  entries of 24 bytes: flags, offset of the name, offset of the path, OS version (unused),
//        hwcap (64 bits: 0 for the baseline; bit 62 and an index for a glibc-hwcaps level)
//     …  strings; offsets count from byte 0
//     …  extension area: magic, count, sections of (tag, flags, offset, size); tag 1 holds the
//        offsets of the names of glibc-hwcaps levels
//
// Caches made before glibc 2.32 carry the old format's table in front, of 12-byte entries; the new
// format then begins behind it, aligned to 8, and its offsets count from there.

#include "bundler/find/ld_cache.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace scratchpack {
namespace {

constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::uint64_t kOldHeader = 16, kOldEntry = 12;
constexpr std::uint64_t kHeader = 48, kEntry = 24;
constexpr std::uint32_t kX8664Libc6 = 0x0303;  // FLAG_X8664_LIB64 | FLAG_ELF_LIBC6
constexpr std::uint64_t kHwcapExtension = 1ull << 62;
constexpr std::uint32_t kExtensionMagic = 0xeaa42174;
constexpr std::uint32_t kExtensionHwcaps = 1;
constexpr std::size_t kLongestName = 4095;  // PATH_MAX

using Span = std::span<const std::uint8_t>;

/// A number at an offset that the caller has checked.
template <typename T>
T number(Span bytes, std::uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

bool begins_with(Span bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

/// The string at an offset; nothing when it has no end, or a length no path has.
std::optional<std::string_view> string_at(Span cache, std::uint64_t offset) {
  if (offset >= cache.size()) return std::nullopt;
  std::size_t most = std::min<std::size_t>(cache.size() - offset, kLongestName + 1);
  const char* begin = reinterpret_cast<const char*>(cache.data()) + offset;
  const void* end = std::memchr(begin, 0, most);
  if (end == nullptr) return std::nullopt;
  return std::string_view(begin, static_cast<const char*>(end) - begin);
}

/// The new format's part of the file; empty when there is none.
Span new_format(Span bytes) {
  if (begins_with(bytes, kOldMagic) && bytes.size() >= kOldHeader) {
    std::uint64_t entries = number<std::uint32_t>(bytes, 12);
    std::uint64_t offset = (kOldHeader + entries * kOldEntry + 7) / 8 * 8;
    if (offset > bytes.size()) return {};
    bytes = bytes.subspan(offset);
  }
  if (bytes.size() < kHeader || !begins_with(bytes, kMagic)) return {};
  // Byte 28 is 0 in caches made before the flag existed.
  std::uint8_t order = bytes[28] & 3;
  if (order != 0 && order != 2) return {};
  if (number<std::uint32_t>(bytes, 20) > (bytes.size() - kHeader) / kEntry) return {};
  return bytes;
}

/// Names of the glibc-hwcaps levels, by index; damaged ones are empty.
std::vector<std::string_view> hwcaps_levels(Span cache) {
  std::vector<std::string_view> levels;
  std::uint64_t area = number<std::uint32_t>(cache, 32);
  if (area == 0 || area % 4 != 0 || area > cache.size() || cache.size() - area < 8) return levels;
  if (number<std::uint32_t>(cache, area) != kExtensionMagic) return levels;
  std::uint64_t sections = number<std::uint32_t>(cache, area + 4);
  sections = std::min<std::uint64_t>(sections, (cache.size() - area - 8) / 16);
  for (std::uint64_t section = 0; section < sections; ++section) {
    std::uint64_t at = area + 8 + section * 16;
    if (number<std::uint32_t>(cache, at) != kExtensionHwcaps) continue;
    std::uint64_t offset = number<std::uint32_t>(cache, at + 8);
    std::uint64_t size = number<std::uint32_t>(cache, at + 12);
    if (offset > cache.size() || size > cache.size() - offset) continue;
    for (std::uint64_t i = 0; i + 4 <= size; i += 4) {
      levels.push_back(string_at(cache, number<std::uint32_t>(cache, offset + i)).value_or(""));
    }
  }
  return levels;
}

void put(Bytes& bytes, std::uint64_t offset, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// The number at `index`, which moves behind it; wraps as glibc's does.
std::uint32_t take_number(std::string_view text, std::size_t& index) {
  std::uint32_t value = 0;
  while (index < text.size() && is_digit(text[index])) value = value * 10 + (text[index++] - '0');
  return value;
}

}  // namespace

int compare_library_names(std::string_view left, std::string_view right) {
  std::size_t i = 0, j = 0;
  auto at = [](std::string_view text, std::size_t index) {
    return index < text.size() ? text[index] : '\0';
  };
  while (i < left.size()) {
    char one = left[i], other = at(right, j);
    if (is_digit(one) && is_digit(other)) {
      auto first = static_cast<std::int32_t>(take_number(left, i));
      auto second = static_cast<std::int32_t>(take_number(right, j));
      if (first != second) return first < second ? -1 : 1;
    } else if (is_digit(one) || is_digit(other)) {
      return is_digit(one) ? 1 : -1;
    } else if (one != other) {
      return one < other ? -1 : 1;
    } else {
      ++i;
      ++j;
    }
  }
  return j < right.size() ? -1 : 0;
}

std::optional<LdCache> LdCache::read(Bytes bytes) {
  LdCache result;
  result.bytes_ = std::move(bytes);
  Span cache = new_format(result.bytes_);
  if (cache.empty()) return std::nullopt;
  std::vector<std::string_view> levels = hwcaps_levels(cache);
  std::uint32_t count = number<std::uint32_t>(cache, 20);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t at = kHeader + i * kEntry;
    if (number<std::uint32_t>(cache, at) != kX8664Libc6) continue;
    auto name = string_at(cache, number<std::uint32_t>(cache, at + 4));
    auto path = string_at(cache, number<std::uint32_t>(cache, at + 8));
    auto hwcap = number<std::uint64_t>(cache, at + 16);
    if (!name || !path || !path->starts_with('/')) continue;
    std::string_view level;
    if (hwcap != 0) {
      std::uint32_t index = static_cast<std::uint32_t>(hwcap);
      bool known = (hwcap >> 32) == (kHwcapExtension >> 32) && index < levels.size();
      if (!known || levels[index].empty()) continue;
      level = levels[index];
    }
    result.entries_.push_back({*name, *path, level});
  }
  return result;
}

std::optional<std::string> LdCache::find(std::string_view name,
                                         const std::vector<std::string>& levels) const {
  std::size_t best = levels.size();
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (entry.name != name) continue;
    std::size_t rank = std::find(levels.begin(), levels.end(), entry.hwcaps) - levels.begin();
    if (rank >= best) continue;
    best = rank;
    found = &entry;
  }
  if (found == nullptr) return std::nullopt;
  return std::string(found->path);
}

Bytes write_ld_cache(std::vector<LdCacheEntry> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const LdCacheEntry& left, const LdCacheEntry& right) {
                     return compare_library_names(left.name, right.name) > 0;
                   });
  std::string strings;
  std::uint64_t strings_at = kHeader + entries.size() * kEntry;
  Bytes cache(strings_at);
  std::memcpy(cache.data(), kMagic.data(), kMagic.size());
  put(cache, 20, entries.size(), 4);
  put(cache, 28, 2, 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::uint64_t at = kHeader + i * kEntry;
    put(cache, at, kX8664Libc6, 4);
    put(cache, at + 4, strings_at + strings.size(), 4);
    strings += entries[i].name + '\0';
    put(cache, at + 8, strings_at + strings.size(), 4);
    strings += entries[i].path + '\0';
  }
  put(cache, 24, strings.size(), 4);
  cache.insert(cache.end(), strings.begin(), strings.end());
  return cache;
}

}  // namespace scratchpack
