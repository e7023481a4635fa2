// The JSON texts of an image: its configuration, which both kinds of archive share, and what points
// to it. After the OCI image specification 1.0 and what `docker load` reads.
//
//   OCI      index.json ─► manifest ─► configuration, layers
//   docker   manifest.json ─► configuration, layers
//
// The same description gives the same bytes. All throw Error for text that is no UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundler/write/dockerfile.h"
#include "bundler/write/layer_blob.h"

namespace scratchpack {

struct ImageLayer {
  std::string title;                       ///< for the image's history
  std::vector<std::string> packages = {};  ///< the same
  LayerBlob blob = {};
};

struct ImageDescription {
  ImageConfiguration configuration = {};
  std::string name = {};  ///< "curl:latest", as parse_image_name gives it
  std::string architecture = {};
  std::uint64_t created = 0;  ///< seconds since 1970
  LayerCompression compression = LayerCompression::gzip;
  std::vector<ImageLayer> layers = {};  ///< from the lowest
};

/// A blob as others refer to it.
struct BlobReference {
  std::string digest;  ///< SHA-256, hexadecimal
  std::uint64_t size = 0;
};

/// "2023-11-14T22:13:20Z".
std::string image_time(std::uint64_t seconds);

std::string image_configuration_json(const ImageDescription& image);
std::string oci_manifest_json(const ImageDescription& image, const BlobReference& configuration);
std::string oci_index_json(const ImageDescription& image, const BlobReference& manifest);

/// `layers`: their names in the archive.
std::string docker_manifest_json(const ImageDescription& image, const std::string& configuration,
                                 const std::vector<std::string>& layers);

}  // namespace scratchpack
