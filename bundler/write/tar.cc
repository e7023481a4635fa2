#include "bundler/write/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <utility>

#include "bundler/base/error.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

/// Bytes handed to the archive at once: large enough for cheap calls, small enough for a lively
/// progress line.
constexpr std::size_t kPiece = std::size_t{1} << 20;

struct FreeArchive {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using ArchivePointer = std::unique_ptr<archive, FreeArchive>;
using EntryPointer = std::unique_ptr<archive_entry, FreeEntry>;

/// The way out of libarchive, whose C frames no exception may cross: kept here, thrown later.
struct Outlet {
  ByteSink sink;
  std::exception_ptr failure = nullptr;

  static la_ssize_t write(archive* writer, void* self, const void* data, std::size_t size) {
    auto* outlet = static_cast<Outlet*>(self);
    try {
      outlet->sink({static_cast<const std::uint8_t*>(data), size});
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      outlet->failure = std::current_exception();
      archive_set_error(writer, EIO, "the output cannot be written");
      return -1;
    }
  }
};

EntryPointer make_header(const std::string& path, const FileEntry& file, std::uint64_t size,
                         std::uint64_t time) {
  EntryPointer header(archive_entry_new());
  if (!header) throw std::bad_alloc();
  unsigned type = AE_IFREG;
  if (file.kind == FileKind::directory) type = AE_IFDIR;
  if (file.kind == FileKind::symlink) type = AE_IFLNK;
  archive_entry_set_filetype(header.get(), type);
  archive_entry_set_pathname(header.get(), path.c_str() + 1);
  if (type == AE_IFLNK) archive_entry_set_symlink(header.get(), file.target.c_str());
  archive_entry_set_perm(header.get(), type == AE_IFLNK ? 0777 : file.mode);
  archive_entry_set_uid(header.get(), 0);
  archive_entry_set_gid(header.get(), 0);
  archive_entry_set_mtime(header.get(), static_cast<time_t>(time), 0);
  archive_entry_set_size(header.get(), static_cast<la_int64_t>(size));
  return header;
}

}  // namespace

/// One archive being written. Every call that can fail goes through check().
class TarArchive::Writer {
 public:
  explicit Writer(ByteSink sink) : outlet_{std::move(sink)}, archive_(archive_write_new()) {
    if (!archive_) throw std::bad_alloc();
    open();
  }

  void header(const std::string& path, const FileEntry& file, std::uint64_t size,
              std::uint64_t time) {
    EntryPointer entry = make_header(path, file, size, time);
    check(archive_write_header(get(), entry.get()));
  }

  void data(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      la_ssize_t count = archive_write_data(get(), bytes.data(), bytes.size());
      // Less than asked for would be a file that grew after its header was written.
      if (count <= 0) check(count < 0 ? static_cast<int>(count) : ARCHIVE_FATAL);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  void close() { check(archive_write_close(get())); }

 private:
  /// GNU's format takes names as the bytes they are. pax wants UTF-8, and would translate from the
  /// locale's character set or mark every entry as binary, which GNU tar complains about. The
  /// padding that tape drives wanted is left out.
  void open() {
    check(archive_write_set_format_gnutar(get()));
    check(archive_write_add_filter_none(get()));
    check(archive_write_set_bytes_per_block(get(), static_cast<int>(kPiece)));
    check(archive_write_set_bytes_in_last_block(get(), 1));
    check(archive_write_open(get(), &outlet_, nullptr, &Outlet::write, nullptr));
  }

  archive* get() { return archive_.get(); }

  void check(int result) {
    if (result == ARCHIVE_OK) return;
    if (outlet_.failure) std::rethrow_exception(outlet_.failure);
    const char* reason = archive_error_string(get());
    throw Error(fmt::format("write archive: {}", reason == nullptr ? "libarchive fails" : reason));
  }

  Outlet outlet_;
  ArchivePointer archive_;
};

TarArchive::TarArchive(std::uint64_t time, ByteSink sink)
    : time_(time), writer_(std::make_unique<Writer>(std::move(sink))) {}

TarArchive::~TarArchive() = default;

void TarArchive::add(const std::string& path, const FileEntry& entry, std::uint64_t size) {
  writer_->header(path, entry, size, time_);
}

void TarArchive::add(const std::string& path, std::string_view content) {
  add(path, FileEntry{}, content.size());
  write({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
}

void TarArchive::write(std::span<const std::uint8_t> bytes) { writer_->data(bytes); }

void TarArchive::close() { writer_->close(); }

void write_tar(const FileSet& files, std::uint64_t time, const ByteSink& sink,
               const ByteStep& step) {
  TarArchive archive(time, sink);
  for (const auto& [path, file] : files) {
    if (path == "/") continue;
    if (file.kind != FileKind::file) {
      archive.add(path, file, 0);
      continue;
    }
    EntryReader reader(file);
    archive.add(path, file, reader.size());
    for_each_piece(reader, [&](std::span<const std::uint8_t> piece) {
      archive.write(piece);
      if (step) step(piece.size());
    });
  }
  archive.close();
}

std::uint64_t write_tar_file(const FileSet& files, std::uint64_t time, const std::string& output,
                             const ByteStep& step) {
  AtomicFile file(output, 0644);
  write_tar(
      files, time, [&](std::span<const std::uint8_t> bytes) { file.write(bytes); }, step);
  std::uint64_t size = file.position();
  file.commit();
  return size;
}

}  // namespace scratchpack
