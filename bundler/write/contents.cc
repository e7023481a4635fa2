#include "bundler/write/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"

namespace scratchpack {
namespace {

constexpr std::uint64_t kMapFrom = 16 * 1024;  // data files from here on lie on pages, too
constexpr const char* kLinkerMaps = "/etc/ld.so.cache";  // whatever its size
constexpr std::uint64_t kCompressFrom = 256;             // smaller ones gain nothing
constexpr std::uint64_t kSmallAlignment = 16;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

bool is_elf(std::span<const std::uint8_t> bytes) {
  static constexpr std::uint8_t kElf[] = {0x7f, 'E', 'L', 'F'};
  return bytes.size() >= sizeof kElf && std::memcmp(bytes.data(), kElf, sizeof kElf) == 0;
}

/// The bytes of a content, mapped for as long as this lives.
class ContentBytes {
 public:
  explicit ContentBytes(const Content& content) : rewritten_(content.rewritten) {
    if (rewritten_ == nullptr) entry_.emplace(*content.file);
  }
  std::span<const std::uint8_t> get() const {
    return rewritten_ != nullptr ? std::span<const std::uint8_t>(rewritten_->image)
                                 : entry_->bytes();
  }

 private:
  const RewrittenFile* rewritten_;
  std::optional<EntryContent> entry_;
};

}  // namespace

std::uint64_t Content::stored() const {
  if (frames.empty()) return size;
  std::uint64_t bytes = 0;
  for (const CompressedFrame& frame : frames) bytes += frame.bytes.size();
  return bytes;
}

Contents::Contents(const FileSet& files, const StartDecision& start,
                   const std::vector<std::string>& first) {
  for (const std::string& path : first) gather(path, files.at(path), start);
  first_count_ = contents_.size();
  for (const auto& [path, file] : files) {
    if (file.kind == FileKind::file && !number_of_.contains(path)) gather(path, file, start);
  }
}

void Contents::gather(const std::string& path, const FileEntry& file, const StartDecision& start) {
  const auto rewritten = start.rewritten.find(path);
  Content content{};
  content.file = &file;
  content.rewritten = rewritten == start.rewritten.end() ? nullptr : &rewritten->second;
  const ContentBytes bytes(content);
  content.size = bytes.get().size();
  content.checksum = xxh64(bytes.get());
  content.elf = is_elf(bytes.get());
  content.small = !content.elf && content.size < kMapFrom && path != kLinkerMaps;
  auto& candidates = same_[{content.size, content.checksum}];
  for (const std::size_t candidate : candidates) {
    const ContentBytes other(contents_[candidate]);
    if (std::ranges::equal(other.get(), bytes.get())) {
      number_of_[path] = candidate;
      return;
    }
  }
  candidates.push_back(contents_.size());
  number_of_[path] = contents_.size();
  contents_.push_back(std::move(content));
}

void Contents::compress(int level, unsigned threads,
                        const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  // passwd and group are completed at start from where they lie.
  const auto worth = [](const Content& content) {
    return !content.file->append_user && content.size >= kCompressFrom;
  };
  std::uint64_t total = 0;
  for (const Content& content : contents_) total += worth(content) ? content.size : 0;
  const FrameCompressor compressor(level, threads);
  std::uint64_t done = 0;
  for (Content& content : contents_) {
    if (!worth(content)) continue;
    const ContentBytes bytes(content);
    content.frames = compressor.compress(bytes.get());
    if (content.stored() >= content.size - content.size / 16) content.frames.clear();
    done += content.size;
    if (progress) progress(done, total);
  }
}

std::vector<Frame> Contents::frames() {
  std::vector<Frame> table;
  for (Content& content : contents_) {
    content.first_frame = static_cast<std::uint32_t>(table.size());
    std::uint64_t position = 0;
    for (const CompressedFrame& frame : content.frames) {
      table.push_back({0, position, static_cast<std::uint32_t>(frame.bytes.size()), frame.size});
      position += frame.size;
    }
  }
  return table;
}

std::uint64_t Contents::lay(std::uint64_t at, std::vector<Frame>& frames) {
  for (Content& content : contents_) {
    if (content.frames.empty()) {
      at = round_up(at, content.small ? kSmallAlignment : kPageSize);
      content.offset = at;
      at += content.size;
      // What follows an ELF file must not show behind its last page.
      if (!content.small) at = round_up(at, kPageSize);
    } else {
      for (std::size_t i = 0; i < content.frames.size(); ++i) {
        frames[content.first_frame + i].offset = at;
        at += content.frames[i].bytes.size();
      }
    }
    if (&content < contents_.data() + first_count_) end_of_first_ = at;
  }
  return at;
}

void Contents::write(AtomicFile& out, std::uint64_t payload_offset) const {
  for (const Content& content : contents_) {
    if (!content.frames.empty()) {
      for (const CompressedFrame& frame : content.frames) out.write(frame.bytes);
      continue;
    }
    while (out.position() < payload_offset + content.offset) {
      out.pad_to(content.small ? kSmallAlignment : kPageSize);
    }
    const ContentBytes bytes(content);
    if (bytes.get().size() != content.size || xxh64(bytes.get()) != content.checksum) {
      throw Error(fmt::format("write the bundle: {} changed while it was read (build again)",
                              content.file->source));
    }
    out.write(bytes.get());
    if (!content.small) out.pad_to(kPageSize);
  }
}

std::map<std::string, std::uint64_t> Contents::stored() const {
  std::map<std::string, std::uint64_t> stored;
  std::vector<bool> counted(contents_.size());
  for (const auto& [path, number] : number_of_) {
    stored[path] = counted[number] ? 0 : contents_[number].stored();
    counted[number] = true;
  }
  return stored;
}

}  // namespace scratchpack
