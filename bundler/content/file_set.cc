#include "bundler/content/file_set.h"

#include <fmt/format.h>

#include "bundler/base/digest.h"
#include "bundler/base/parallel.h"

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

std::string content_root(const FileSet& files, unsigned threads) {
  std::vector<const FileEntry*> regular;
  for (const auto& [path, entry] : files) {
    if (entry.kind == FileKind::file) regular.push_back(&entry);
  }
  std::vector<std::string> digests(regular.size());
  share_out(regular.size(), threads, [&]() -> PieceOfWork {
    return [&](std::size_t i) {
      EntryReader reader(*regular[i]);
      Sha256 digest;
      for_each_piece(reader, [&](std::span<const std::uint8_t> piece) { digest.update(piece); });
      digests[i] = digest.hexadecimal();
    };
  });
  // Every field ends with a zero byte, which neither a path nor a target can hold: two different
  // sets never give the same text.
  std::string text;
  auto add_field = [&text](std::string_view field) { text.append(field).push_back('\0'); };
  std::size_t next = 0;
  for (const auto& [path, entry] : files) {
    add_field(path);
    add_field(fmt::format("{} {:04o}", static_cast<int>(entry.kind), entry.mode));
    add_field(entry.target);
    add_field(entry.kind == FileKind::file ? digests[next++] : "");
  }
  return sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace scratchpack
