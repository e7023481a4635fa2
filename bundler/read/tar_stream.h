// Tar archives and compressed streams, read once from front to back: what image archives and their
// layers are made of. The only user of libarchive's reader.
//
// Nothing is held but the piece at hand, whatever the archive says its sizes are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace scratchpack {

/// Gives the next bytes, good until the next call; none at the end. May throw.
using ByteSource = std::function<std::span<const std::uint8_t>()>;

enum class TarKind : std::uint8_t { file, directory, symlink, hard_link, other };

struct TarEntry {
  std::string path;  ///< as written
  TarKind kind = TarKind::other;
  std::uint32_t mode = 0;  ///< permission bits, 07777
  std::uint64_t size = 0;  ///< bytes; of a file
  std::string target = {};
};

/// All throw Error (`read NAME: …`) for what is damaged, cut short or out of all bounds: paths
/// above 4096 bytes, files above 1 TiB, more than 1 GiB of holes in sparse files.
class TarReader {
 public:
  /// `name` is what messages call it.
  TarReader(ByteSource source, std::string name);
  /// A file, by itself or as one stream of gzip or zstd.
  explicit TarReader(const std::string& path);
  TarReader(TarReader&&) noexcept;
  ~TarReader();

  /// The next entry; what was not read of the last one is stepped over.
  std::optional<TarEntry> next();
  /// The next bytes of the entry's content; none at its end.
  std::span<const std::uint8_t> piece();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The bytes behind gzip or zstd, or those of `source` itself when it is neither. `source` has to
/// live as long.
ByteSource decompressed(const ByteSource& source, const std::string& name);

/// How a stream that begins with `head` is compressed: "gzip", "zstd" or "none".
std::string compression_of(std::span<const std::uint8_t> head);

}  // namespace scratchpack
