// What an image archive says about itself: which blob is its configuration, which are its layers.
// After the OCI image specification 1.0 and what `docker save` writes (the old form: manifest.json
// with layer.tar files; the new one: an OCI layout that has manifest.json, too).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundler/base/values.h"
#include "bundler/read/image_store.h"

namespace scratchpack {

/// How the image's program is to be run.
struct StoredConfig {
  std::string os = {}, architecture = {};
  std::string created = {};                  ///< as written: RFC 3339
  std::vector<std::string> entrypoint = {};  ///< words
  std::vector<std::string> command = {};  ///< behind the entrypoint, unless the user gives others
  std::vector<KeyValue> environment = {};
  std::string user = {};  ///< as written: a name or number, perhaps with a group
  std::string workdir = {};
  std::vector<std::string> ports = {};  ///< "8080/tcp"
  std::vector<std::string> volumes = {};
  std::vector<KeyValue> labels = {};
  std::string stop_signal = {};
  std::vector<std::string> healthcheck = {};  ///< "CMD" or "CMD-SHELL" first; empty: none
};

/// A layer as the manifest and the configuration name it.
struct StoredLayer {
  std::string blob = {};        ///< its name in the archive
  std::string digest = {};      ///< "sha256:…" of the blob; empty where only diff_id is known
  std::string diff_id = {};     ///< "sha256:…" of the tar archive in it
  std::string media_type = {};  ///< as written; empty in docker's old form
  std::string created_by = {};  ///< the instruction that made it, where the history tells
  // Known once it has been read:
  std::string compression = {};  ///< "gzip", "zstd" or "none", by content
  std::uint64_t stored = 0;      ///< bytes in the archive
  std::uint64_t size = 0;        ///< bytes of its files' contents
  std::uint64_t files = 0;       ///< regular files
};

struct StoredManifest {
  std::string form = {};                ///< "oci" or "docker"
  std::vector<std::string> names = {};  ///< "app:latest"
  StoredConfig config = {};
  std::vector<StoredLayer> layers = {};  ///< from the lowest
};

/// Whether there is an image in it at all.
bool holds_image(const ImageStore& store);

/// Of several platforms it is linux/amd64, or the first. Checks the digests of what it reads.
/// Throws Error (`read NAME: …`) for what is none, is damaged, or holds several images.
StoredManifest read_manifest(const ImageStore& store, const std::string& name);

}  // namespace scratchpack
