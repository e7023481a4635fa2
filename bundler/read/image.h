// A container image in an archive, read back: its configuration, its layers, the file system they
// give together, and what of them is in vain. Reads OCI archives, docker archives (old and new) and
// OCI layouts in folders, whoever made them.
//
// Layers are read piece by piece and never held; what is kept of a file is its name, digest and
// size. Everything an archive says is checked: digests of every blob, paths (none leads out of the
// image), links (none turns in a circle).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bundler/find/sysroot.h"
#include "bundler/read/image_manifest.h"

namespace scratchpack {

/// Where the content of a file lies: a layer, and the number of an entry in it. Hard links to one
/// file have the same.
struct LayerPlace {
  std::uint32_t layer = 0;
  std::uint32_t entry = 0;
  auto operator<=>(const LayerPlace&) const = default;
};

struct ImageFile {
  FileKind kind = FileKind::file;  ///< other: a device, a pipe, a socket
  std::uint32_t mode = 0;          ///< permission bits, 07777
  std::uint64_t size = 0;          ///< bytes
  std::string target = {};         ///< of a symlink
  std::string digest = {};         ///< SHA-256 of a file's content, hexadecimal
  std::uint32_t layer = 0;         ///< the one whose version it is; 0: the lowest
  LayerPlace content = {};         ///< of a file
  std::string package = {};        ///< "zlib1g 1:1.2.13.dfsg-1", where the image has dpkg's lists
};

/// Bytes of a layer that are not in the image.
struct ImageLoss {
  std::string path;
  std::uint64_t size = 0;   ///< bytes
  std::uint32_t layer = 0;  ///< that has them
  std::uint32_t by = 0;     ///< the layer that took them away
  bool deleted = false;     ///< else written again
  bool unchanged = false;   ///< written again with the same content: only its attributes changed
};

struct Image {
  std::string name;  ///< as the user gave it
  StoredManifest manifest;
  std::map<std::string, ImageFile> files = {};  ///< by absolute path; parents are there
  std::vector<ImageLoss> losses = {};           ///< in the order of layers

  const StoredConfig& config() const { return manifest.config; }
  const std::vector<StoredLayer>& layers() const { return manifest.layers; }
};

/// Whether the file (or folder) at `path` is an image rather than a bundle: by what it begins with.
bool looks_like_image(const std::string& path);

/// Reads all of it. Throws Error (`read PATH: …`) for what is none or damaged.
Image read_image(const std::string& path);

/// Takes the content of the files at `paths`, which are hard links to each other.
using ContentSink =
    std::function<void(const std::vector<std::string>& paths, const ByteSource& content)>;

/// Reads the contents of the image's regular files once more, in the order in which they lie there.
void read_contents(const Image& image, const ContentSink& take);

/// Bytes of files whose content another file of the image has, too; hard links are one file.
std::uint64_t duplicate_bytes(const Image& image);

}  // namespace scratchpack
