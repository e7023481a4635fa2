#include "bundler/write/contents.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "bundler/base/parallel.h"
#include "bundler/write/compress.h"
#include "runtime/addresses.h"

namespace scratchpack {
namespace {

constexpr const char* kLinkerMaps = "/etc/ld.so.cache";  // whatever its size
constexpr std::uint64_t kCompressFrom = 256;             // smaller ones gain nothing
constexpr std::uint64_t kSmallAlignment = 16;
constexpr std::uint64_t kReadHead = 128 * 1024;  // of a large file: its headers, and what follows

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

bool is_elf(std::span<const std::uint8_t> bytes) {
  static constexpr std::uint8_t kElf[] = {0x7f, 'E', 'L', 'F'};
  return bytes.size() >= sizeof kElf && std::memcmp(bytes.data(), kElf, sizeof kElf) == 0;
}

/// Whether the first bytes are those of an ELF file for this processor.
bool is_code(std::span<const std::uint8_t> bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return false;
  std::memcpy(&header, bytes.data(), sizeof header);
  return is_elf(bytes) && header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64;
}

/// The bytes of a content, piece by piece.
class ContentReader {
 public:
  explicit ContentReader(const Content& content) : rewritten_(content.rewritten) {
    if (rewritten_ == nullptr) entry_.emplace(*content.file);
  }
  std::uint64_t size() const {
    return rewritten_ != nullptr ? rewritten_->image.size() : entry_->size();
  }
  std::span<const std::uint8_t> read(std::uint64_t offset, std::size_t count) {
    return rewritten_ != nullptr ? std::span(rewritten_->image).subspan(offset, count)
                                 : entry_->read(offset, count);
  }

 private:
  const RewrittenFile* rewritten_;
  std::optional<EntryReader> entry_;
};

void fingerprint(Content& content, std::uint64_t frame_size) {
  ContentReader reader(content);
  content.size = reader.size();
  const auto head = reader.read(0, std::min<std::uint64_t>(reader.size(), sizeof(Elf64_Ehdr)));
  content.elf = is_elf(head);
  content.code = is_code(head);
  Xxh64 checksum;
  for (std::uint64_t at = 0; at < content.size; at += frame_size) {
    const auto piece = reader.read(at, std::min(frame_size, content.size - at));
    checksum.update(piece);
    content.piece_checksums.push_back(xxh64(piece));
  }
  content.checksum = checksum.value();
}

bool same_bytes(const Content& a, const Content& b) {
  ContentReader one(a);
  ContentReader other(b);
  if (one.size() != other.size()) return false;
  bool same = true;
  std::uint64_t at = 0;
  for_each_piece(one, [&](std::span<const std::uint8_t> piece) {
    same = same && std::ranges::equal(piece, other.read(at, piece.size()));
    at += piece.size();
  });
  return same;
}

/// One frame to be made.
struct FrameJob {
  std::size_t content;
  std::size_t frame;  // of the content
};

[[noreturn]] void refuse_changed(const Content& content) {
  throw Error(fmt::format("write the bundle: {} changed while it was read (build again)",
                          content.file->source));
}

/// All regular files: those of `first`, then the others.
std::vector<std::string> in_order(const FileSet& files, const std::vector<std::string>& first) {
  std::vector<std::string> paths = first;
  const std::set<std::string> placed(first.begin(), first.end());
  for (const auto& [path, file] : files) {
    if (file.kind == FileKind::file && !placed.contains(path)) paths.push_back(path);
  }
  return paths;
}

Bytes with_absolute_addresses(std::span<const std::uint8_t> bytes, std::uint64_t position,
                              const Content& content) {
  Bytes changed(bytes.begin(), bytes.end());
  addresses_to_absolute(changed.data(), changed.size(), position, content.size);
  return changed;
}

}  // namespace

std::uint64_t Content::stored() const {
  if (frames.empty()) return size;
  std::uint64_t bytes = 0;
  for (const SpooledFrame& frame : frames) bytes += frame.stored;
  return bytes;
}

Contents::Contents(const FileSet& files, const StartDecision& start,
                   const std::vector<std::string>& first, std::uint64_t frame_size,
                   unsigned threads)
    : frame_size_(frame_size) {
  const std::vector<std::string> paths = in_order(files, first);
  std::vector<Content> all(paths.size());
  share_out(all.size(), threads, [&]() -> PieceOfWork {
    return [&](std::size_t i) {
      const auto rewritten = start.rewritten.find(paths[i]);
      all[i].file = &files.at(paths[i]);
      all[i].rewritten = rewritten == start.rewritten.end() ? nullptr : &rewritten->second;
      fingerprint(all[i], frame_size);
      all[i].small = !all[i].elf && all[i].size < kOwnPagesFrom && paths[i] != kLinkerMaps;
    };
  });
  for (std::size_t i = 0; i < all.size(); ++i) {
    add(paths[i], std::move(all[i]));
    if (i + 1 == first.size()) first_count_ = contents_.size();
  }
}

void Contents::add(const std::string& path, Content content) {
  auto& candidates = same_[{content.size, content.checksum}];
  for (const std::size_t candidate : candidates) {
    if (same_bytes(contents_[candidate], content)) {
      number_of_[path] = candidate;
      return;
    }
  }
  candidates.push_back(contents_.size());
  number_of_[path] = contents_.size();
  contents_.push_back(std::move(content));
}

void Contents::compress(const CompressOptions& options, Spool& spool) {
  std::vector<FrameJob> jobs;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < contents_.size(); ++i) {
    Content& content = contents_[i];
    // passwd and group are completed at start from where they lie.
    if (content.file->append_user || content.size < kCompressFrom) continue;
    content.addresses = options.addresses && content.code;
    content.frames.resize(content.piece_checksums.size());
    for (std::size_t frame = 0; frame < content.frames.size(); ++frame) jobs.push_back({i, frame});
    total += content.size;
  }
  std::uint64_t done = 0;
  std::mutex done_lock;
  share_out(jobs.size(), options.threads, [&]() -> PieceOfWork {
    auto compressor = std::make_shared<FrameCompressor>(options.level, options.cache);
    return [&, compressor](std::size_t i) {
      Content& content = contents_[jobs[i].content];
      const std::uint64_t position = jobs[i].frame * frame_size_;
      const std::uint64_t size = std::min(frame_size_, content.size - position);
      ContentReader reader(content);
      if (reader.size() != content.size) refuse_changed(content);
      const auto bytes = reader.read(position, size);
      if (xxh64(bytes) != content.piece_checksums[jobs[i].frame]) refuse_changed(content);
      const Bytes frame =
          content.addresses
              ? compressor->compress(with_absolute_addresses(bytes, position, content))
              : compressor->compress(bytes);
      content.frames[jobs[i].frame] = {spool.append(frame),
                                       static_cast<std::uint32_t>(frame.size()),
                                       static_cast<std::uint32_t>(size)};
      const std::lock_guard lock(done_lock);
      done += size;
      if (options.progress) options.progress(done, total);
    };
  });
  for (Content& content : contents_) {
    if (content.stored() >= content.size - content.size / 16) content.frames.clear();
  }
}

std::vector<Frame> Contents::frames() {
  std::vector<Frame> table;
  for (Content& content : contents_) {
    content.first_frame = static_cast<std::uint32_t>(table.size());
    std::uint64_t position = 0;
    for (const SpooledFrame& frame : content.frames) {
      table.push_back({0, position, frame.stored, frame.size});
      position += frame.size;
    }
  }
  return table;
}

std::uint64_t Contents::lay(std::uint64_t at, std::vector<Frame>& frames) {
  std::size_t first = first_count_;  // contents to come that a start reads
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
        at += content.frames[i].stored;
      }
    }
    if (first > 0) {
      const bool whole = !content.frames.empty() || content.size <= kReadWhole;
      start_size_ = whole ? at : content.offset + kReadHead;
      first = whole ? first - 1 : 0;
    }
  }
  return at;
}

void Contents::write(AtomicFile& out, std::uint64_t payload_offset, const Spool* spool) const {
  for (const Content& content : contents_) {
    if (!content.frames.empty()) {
      for (const SpooledFrame& frame : content.frames) {
        spool->copy(frame.place, frame.stored,
                    [&](std::span<const std::uint8_t> bytes) { out.write(bytes); });
      }
      continue;
    }
    while (out.position() < payload_offset + content.offset) {
      out.pad_to(content.small ? kSmallAlignment : kPageSize);
    }
    write_raw(content, out);
    if (!content.small) out.pad_to(kPageSize);
  }
}

void Contents::write_raw(const Content& content, AtomicFile& out) const {
  ContentReader reader(content);
  if (reader.size() != content.size) refuse_changed(content);
  Xxh64 checksum;
  for_each_piece(reader, [&](std::span<const std::uint8_t> piece) {
    checksum.update(piece);
    out.write(piece);
  });
  if (checksum.value() != content.checksum) refuse_changed(content);
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
