// Layers put on top of each other: what each adds, writes again and deletes (whiteouts), by the
// rules of the OCI image specification.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bundler/read/image.h"

namespace scratchpack {

/// One entry of a layer, in the order of the archive.
struct LayerEntry {
  std::string path;  ///< absolute and normal
  TarKind kind = TarKind::other;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::string target = {};  ///< of a hard link absolute and normal
  std::string digest = {};  ///< SHA-256 of a file
};

/// An absolute path without `.` and doubled slashes. Throws Error for one that would lead out of
/// the image.
std::string path_in_image(const std::string& path, const std::string& name);

/// Whether an entry of this path is no file, but takes one of lower layers away.
bool is_whiteout(const std::string& path);

class LayerStack {
 public:
  /// `name` is the image's in messages.
  explicit LayerStack(std::string name) : name_(std::move(name)) {}

  /// Puts the next layer on top. Throws Error for paths below files, links in circles and hard
  /// links to nothing.
  void add(const std::vector<LayerEntry>& entries);

  /// What lies there in the end, and what does not any more.
  std::map<std::string, ImageFile>& files() { return files_; }
  std::vector<ImageLoss>& losses() { return losses_; }

 private:
  std::string placed(const std::string& path, bool make_parents);
  void apply_whiteout(const LayerEntry& entry);
  void put(const LayerEntry& entry, std::uint32_t number);
  void put_file(const std::string& path, ImageFile file);
  void drop_below(const std::string& path, bool deleted);
  void drop(std::map<std::string, ImageFile>::iterator file, bool deleted,
            const std::string& new_digest);
  [[noreturn]] void fail(const std::string& reason) const;

  std::string name_;
  std::uint32_t layer_ = 0;
  std::uint32_t count_ = 0;
  std::map<std::string, ImageFile> files_;
  std::vector<ImageLoss> losses_;
  std::map<LayerPlace, std::uint32_t> references_;  ///< files with this content
};

}  // namespace scratchpack
