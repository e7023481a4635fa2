#include "bundler/content/file_set.h"

#include <fmt/format.h>

#include "bundler/base/digest.h"

namespace scratchpack {

EntryContent::EntryContent(const FileEntry& entry) : entry_(&entry) {
  if (!entry.content && !entry.source.empty()) mapped_.emplace(entry.source);
}

std::span<const std::uint8_t> EntryContent::bytes() const {
  if (mapped_) return mapped_->bytes();
  if (!entry_->content) return {};
  return {reinterpret_cast<const std::uint8_t*>(entry_->content->data()), entry_->content->size()};
}

std::string content_root(const FileSet& files) {
  // Every field ends with a zero byte, which neither a path nor a target can hold: two different
  // sets never give the same text.
  std::string text;
  auto add_field = [&text](std::string_view field) { text.append(field).push_back('\0'); };
  for (const auto& [path, entry] : files) {
    add_field(path);
    add_field(fmt::format("{} {:04o}", static_cast<int>(entry.kind), entry.mode));
    add_field(entry.target);
    add_field(entry.kind == FileKind::file ? sha256(EntryContent(entry).bytes()) : "");
  }
  return sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace scratchpack
