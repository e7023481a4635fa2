#include "bundler/read/tar_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;
constexpr std::size_t kLongestPath = 4096;
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 40;
constexpr std::uint64_t kMostHoles = std::uint64_t{1} << 30;

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchivePointer = std::unique_ptr<archive, FreeArchive>;

/// The way into libarchive, whose C frames no exception may cross: kept here, thrown later.
struct Inlet {
  ByteSource source;
  std::exception_ptr failure = nullptr;

  static la_ssize_t read(archive* reader, void* self, const void** data) {
    auto* inlet = static_cast<Inlet*>(self);
    try {
      std::span<const std::uint8_t> bytes = inlet->source();
      *data = bytes.data();
      return static_cast<la_ssize_t>(bytes.size());
    } catch (...) {
      inlet->failure = std::current_exception();
      archive_set_error(reader, EIO, "the source failed");
      return ARCHIVE_FATAL;
    }
  }
};

/// libarchive's reader, with its results turned into exceptions.
class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)), archive_(archive_read_new()) {
    if (!archive_) throw std::bad_alloc();
  }

  archive* get() const { return archive_.get(); }

  void open(ByteSource source) {
    inlet_ = std::make_unique<Inlet>(Inlet{.source = std::move(source)});
    check(archive_read_open(get(), inlet_.get(), nullptr, &Inlet::read, nullptr));
  }

  /// ARCHIVE_OK or ARCHIVE_EOF. Names that the locale cannot say are used as they are.
  int check(int result) const {
    if (result == ARCHIVE_OK || result == ARCHIVE_EOF || result == ARCHIVE_WARN) {
      return result == ARCHIVE_EOF ? ARCHIVE_EOF : ARCHIVE_OK;
    }
    if (inlet_ && inlet_->failure) std::rethrow_exception(inlet_->failure);
    const char* reason = archive_error_string(get());
    fail(reason == nullptr ? "it is damaged" : reason);
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(fmt::format("read {}: {}", name_, reason));
  }

  std::optional<archive_entry*> next() {
    position_ = 0;
    left_ = 0;
    ended_ = false;
    archive_entry* entry = nullptr;
    if (check(archive_read_next_header(get(), &entry)) == ARCHIVE_EOF) return std::nullopt;
    return entry;
  }

  /// Holes of sparse files as zeros. `size` is the entry's; less for a stream of unknown length.
  std::span<const std::uint8_t> piece(std::uint64_t size) {
    if (left_ == 0 && !ended_) read_block(size);
    if (gap_ > 0) return zeros();
    std::span<const std::uint8_t> bytes(block_, left_);
    position_ += left_;
    left_ = 0;
    return bytes;
  }

 private:
  void read_block(std::uint64_t size) {
    const void* data = nullptr;
    std::size_t length = 0;
    la_int64_t offset = 0;
    do {
      ended_ = check(archive_read_data_block(get(), &data, &length, &offset)) == ARCHIVE_EOF;
    } while (!ended_ && length == 0);
    const std::uint64_t begin =
        ended_ ? std::max(size, position_) : static_cast<std::uint64_t>(offset);
    if (begin < position_ || begin > kLargestFile) fail("a sparse file's pieces are out of order");
    gap_ = begin - position_;
    holes_ += gap_;
    if (holes_ > kMostHoles) fail("its sparse files have more than 1 GiB of holes");
    block_ = static_cast<const std::uint8_t*>(data);
    left_ = ended_ ? 0 : length;
  }

  std::span<const std::uint8_t> zeros() {
    static constexpr std::array<std::uint8_t, 65536> kZeros{};
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(gap_, kZeros.size()));
    gap_ -= count;
    position_ += count;
    return {kZeros.data(), count};
  }

  std::string name_;
  std::unique_ptr<Inlet> inlet_;  // has to outlive the archive
  ArchivePointer archive_;
  std::uint64_t position_ = 0;  ///< bytes of the entry handed out
  std::uint64_t gap_ = 0;       ///< zeros to come before the block
  std::uint64_t holes_ = 0;     ///< in all
  const std::uint8_t* block_ = nullptr;
  std::size_t left_ = 0;
  bool ended_ = false;
};

void allow_compression(archive* reader) {
  archive_read_support_filter_gzip(reader);
  archive_read_support_filter_zstd(reader);
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

TarKind kind_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return TarKind::hard_link;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return TarKind::file;
    case AE_IFDIR:
      return TarKind::directory;
    case AE_IFLNK:
      return TarKind::symlink;
    default:
      return TarKind::other;
  }
}

}  // namespace

struct TarReader::State {
  Reader reader;
  std::uint64_t size = 0;  ///< of the entry at hand
};

TarReader::TarReader(ByteSource source, std::string name)
    : state_(std::make_unique<State>(State{Reader(std::move(name))})) {
  archive_read_support_format_tar(state_->reader.get());
  archive_read_support_format_empty(state_->reader.get());
  state_->reader.open(std::move(source));
}

TarReader::TarReader(const std::string& path)
    : state_(std::make_unique<State>(State{Reader(path)})) {
  archive* reader = state_->reader.get();
  allow_compression(reader);
  archive_read_support_format_tar(reader);
  archive_read_support_format_empty(reader);
  state_->reader.check(archive_read_open_filename(reader, path.c_str(), kBlock));
}

TarReader::TarReader(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

std::optional<TarEntry> TarReader::next() {
  std::optional<archive_entry*> found = state_->reader.next();
  if (!found) return std::nullopt;
  archive_entry* entry = *found;
  TarEntry result{.path = text_of(archive_entry_pathname(entry)),
                  .kind = kind_of(entry),
                  .mode = static_cast<std::uint32_t>(archive_entry_perm(entry)) & 07777u};
  if (result.kind == TarKind::symlink) result.target = text_of(archive_entry_symlink(entry));
  if (result.kind == TarKind::hard_link) result.target = text_of(archive_entry_hardlink(entry));
  if (result.path.size() > kLongestPath || result.target.size() > kLongestPath) {
    state_->reader.fail("it holds a path of more than 4096 bytes");
  }
  const std::int64_t size = archive_entry_size(entry);
  if (size < 0 || static_cast<std::uint64_t>(size) > kLargestFile) {
    state_->reader.fail(fmt::format("{} claims {} bytes", result.path, size));
  }
  if (result.kind == TarKind::file) result.size = static_cast<std::uint64_t>(size);
  state_->size = result.size;
  return result;
}

std::span<const std::uint8_t> TarReader::piece() { return state_->reader.piece(state_->size); }

ByteSource decompressed(const ByteSource& source, const std::string& name) {
  auto reader = std::make_shared<Reader>(name);
  allow_compression(reader->get());
  archive_read_support_format_raw(reader->get());
  archive_read_support_format_empty(reader->get());
  reader->open([&source] { return source(); });
  if (!reader->next()) return [] { return std::span<const std::uint8_t>(); };
  return [reader] { return reader->piece(0); };
}

std::string compression_of(std::span<const std::uint8_t> head) {
  auto begins = [&](std::initializer_list<std::uint8_t> magic) {
    return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
  };
  if (begins({0x1f, 0x8b})) return "gzip";
  return begins({0x28, 0xb5, 0x2f, 0xfd}) ? "zstd" : "none";
}

}  // namespace scratchpack
