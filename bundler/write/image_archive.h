// An image as one file, of the same layers and configuration in two forms:
//
//   OCI     the image layout in a tar archive:  oci-layout  index.json
//                                               blobs/sha256/DIGEST of manifest, configuration,
//                                               layers
//   docker  what `docker load` takes:           manifest.json  DIGEST.json  DIGEST.tar of each
//   layer
//
// Layers are packed into a spool first, as their names are known only then; no layer is ever in
// memory as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundler/write/image_json.h"
#include "bundler/write/layers.h"

namespace scratchpack {

enum class ImageForm : std::uint8_t { oci, docker };

struct WrittenImage {
  std::uint64_t bytes = 0;        ///< of the archive
  std::string configuration;      ///< its digest: what Docker calls the image's ID
  std::string manifest;           ///< its digest, by which registries know the image; OCI's alone
  std::vector<LayerBlob> layers;  ///< in order
};

/// Writes the archive, whole or not at all. Of `image` the layers are filled here, and all else is
/// as the caller says. The application's own layer bears the image's date, the others none, which
/// is 1970: so they stay the same when it changes. Throws Error.
WrittenImage write_image(ImageForm form, const std::vector<Layer>& layers, ImageDescription image,
                         const LayerOptions& options, const std::string& output);

}  // namespace scratchpack
