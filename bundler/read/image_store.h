// An image as blobs by name: an archive (tar, perhaps compressed as a whole) or an OCI layout in a
// folder. What the blobs mean is image_manifest's business.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "bundler/read/tar_stream.h"

namespace scratchpack {

/// Called with a blob's name and its bytes.
using BlobReader = std::function<void(const std::string& name, const ByteSource& bytes)>;

class ImageStore {
 public:
  virtual ~ImageStore() = default;
  ImageStore() = default;
  ImageStore(const ImageStore&) = delete;
  ImageStore& operator=(const ImageStore&) = delete;

  /// The name of the file that `name` is or links to; nothing when there is none.
  virtual std::optional<std::string> real_name(const std::string& name) const = 0;
  bool has(const std::string& name) const { return real_name(name).has_value(); }
  /// Bytes of a blob that is there.
  virtual std::uint64_t size(const std::string& name) const = 0;
  /// The text of a JSON blob of at most 4 MiB; nothing for what is missing or something else.
  virtual std::optional<std::string> text(const std::string& name) const = 0;
  /// Reads the blobs of these real names, each once, in the order in which they lie there. Throws
  /// Error when one of them is missing.
  virtual void read(const std::set<std::string>& names, const BlobReader& take) const = 0;
};

/// Throws Error when there is nothing to read, or what is there is damaged.
std::unique_ptr<ImageStore> open_image_store(const std::string& path);

}  // namespace scratchpack
