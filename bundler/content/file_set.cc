#include "bundler/content/file_set.h"

namespace scratchpack {

EntryContent::EntryContent(const FileEntry& entry) : entry_(&entry) {
  if (!entry.content && !entry.source.empty()) mapped_.emplace(entry.source);
}

std::span<const std::uint8_t> EntryContent::bytes() const {
  if (mapped_) return mapped_->bytes();
  if (!entry_->content) return {};
  return {reinterpret_cast<const std::uint8_t*>(entry_->content->data()), entry_->content->size()};
}

EntryReader::EntryReader(const FileEntry& entry) : entry_(&entry) {
  if (!entry.content && !entry.source.empty()) file_.emplace(entry.source);
}

std::uint64_t EntryReader::size() const {
  if (file_) return file_->size();
  return entry_->content ? entry_->content->size() : 0;
}

std::span<const std::uint8_t> EntryReader::read(std::uint64_t offset, std::size_t count) {
  if (!file_) return EntryContent(*entry_).bytes().subspan(offset, count);
  buffer_.resize(std::max(buffer_.size(), count));
  const std::span<std::uint8_t> piece = std::span(buffer_).first(count);
  file_->read(offset, piece);
  return piece;
}

}  // namespace scratchpack
