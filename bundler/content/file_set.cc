#include "bundler/content/file_set.h"

namespace scratchpack {

EntryContent::EntryContent(const FileEntry& entry) : entry_(&entry) {
  if (!entry.pieces.empty()) {
    EntryReader reader(entry);
    const auto all = reader.read(0, static_cast<std::size_t>(reader.size()));
    joined_.assign(all.begin(), all.end());
  } else if (!entry.content && !entry.source.empty()) {
    mapped_.emplace(entry.source);
  }
}

std::span<const std::uint8_t> EntryContent::bytes() const {
  if (!entry_->pieces.empty()) return joined_;
  if (mapped_) return mapped_->bytes();
  if (!entry_->content) return {};
  return {reinterpret_cast<const std::uint8_t*>(entry_->content->data()), entry_->content->size()};
}

EntryReader::EntryReader(const FileEntry& entry) : entry_(&entry) {
  if (!entry.content && !entry.source.empty()) file_.emplace(entry.source);
}

std::uint64_t EntryReader::size() const {
  if (!entry_->pieces.empty()) return entry_->size;
  if (file_) return file_->size();
  return entry_->content ? entry_->content->size() : 0;
}

std::span<const std::uint8_t> EntryReader::read(std::uint64_t offset, std::size_t count) {
  if (!file_) return EntryContent(*entry_).bytes().subspan(offset, count);
  buffer_.resize(std::max(buffer_.size(), count));
  const std::span<std::uint8_t> piece = std::span(buffer_).first(count);
  if (entry_->pieces.empty()) {
    file_->read(offset, piece);
  } else {
    read_pieces(offset, piece);
  }
  return piece;
}

void EntryReader::read_pieces(std::uint64_t offset, std::span<std::uint8_t> out) const {
  for (const Piece& piece : entry_->pieces) {
    if (offset >= piece.size) {
      offset -= piece.size;
      continue;
    }
    const auto part = out.first(std::min<std::uint64_t>(out.size(), piece.size - offset));
    if (piece.from) {
      file_->read(*piece.from + offset, part);
    } else if (piece.made.empty()) {
      std::ranges::fill(part, 0);
    } else {
      std::ranges::copy(std::span(piece.made).subspan(offset, part.size()), part.begin());
    }
    out = out.subspan(part.size());
    if (out.empty()) return;
    offset = 0;
  }
}

}  // namespace scratchpack
