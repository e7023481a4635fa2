// A file set as a tar archive: the plain root file system, a layer of an image, and the small
// archive that a Dockerfile ADDs. And the archive that holds an image's layers. The only user of
// libarchive's writer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bundler/base/file.h"
#include "bundler/content/file_set.h"

namespace scratchpack {

/// Called with the bytes of content just written.
using ByteStep = std::function<void(std::uint64_t)>;

/// An archive written entry by entry, in the form of write_tar.
class TarArchive {
 public:
  TarArchive(std::uint64_t time, ByteSink sink);
  TarArchive(const TarArchive&) = delete;
  TarArchive& operator=(const TarArchive&) = delete;
  ~TarArchive();
  /// Of the entry its kind, mode and target; the path begins with a slash. `size` bytes have to
  /// follow by write().
  void add(const std::string& path, const FileEntry& entry, std::uint64_t size);
  /// A file (0644) whole.
  void add(const std::string& path, std::string_view content);
  void write(std::span<const std::uint8_t> bytes);
  /// Ends it; without, it is cut short.
  void close();

 private:
  class Writer;
  std::uint64_t time_;
  std::unique_ptr<Writer> writer_;
};

/// Writes the archive: entries in the order of their paths (so every directory before what is in
/// it), without the leading slash, owned by 0:0 without names, changed at `time` (seconds since
/// 1970). The same set and time give the same bytes, whatever the machine, locale or umask. In
/// GNU's format, which is plain ustar but for long names. Throws Error when a source cannot be
/// read, and whatever the sink throws.
void write_tar(const FileSet& files, std::uint64_t time, const ByteSink& sink,
               const ByteStep& step = {});

/// The same into a file, whole or not at all. Returns its size in bytes.
std::uint64_t write_tar_file(const FileSet& files, std::uint64_t time, const std::string& output,
                             const ByteStep& step = {});

}  // namespace scratchpack
