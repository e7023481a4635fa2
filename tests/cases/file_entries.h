// Entries of a FileSet as cases write them down.
#pragma once

#include <cstdint>
#include <string>

#include "bundler/content/file_set.h"

namespace scratchpack::testing {

inline FileEntry directory(std::uint32_t mode = 0755) {
  return {.kind = FileKind::directory, .mode = mode};
}

/// A file with this text, which lies nowhere else.
inline FileEntry generated(const std::string& text, std::uint32_t mode = 0644) {
  FileEntry entry;
  entry.mode = mode;
  entry.size = text.size();
  entry.content = text;
  return entry;
}

inline FileEntry link_to(const std::string& target) {
  return {.kind = FileKind::symlink, .mode = 0777, .target = target};
}

}  // namespace scratchpack::testing
