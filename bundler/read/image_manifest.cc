#include "bundler/read/image_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"

namespace scratchpack {
namespace {

using Json = nlohmann::json;

constexpr int kMostNested = 4;  // an index in an index
constexpr std::size_t kMostLayers = 1000;
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr const char* kContainerdName = "io.containerd.image.name";

// ---- JSON that may be anything -------------------------------------------------------------

const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

std::string text_in(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::vector<std::string> texts_in(const Json& object, const char* name) {
  std::vector<std::string> texts;
  for (const Json& each : member(object, name)) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

std::vector<std::string> keys_in(const Json& object, const char* name) {
  std::vector<std::string> keys;
  const Json& value = member(object, name);
  if (!value.is_object()) return keys;
  for (const auto& [key, unused] : value.items()) keys.push_back(key);
  return keys;
}

std::vector<KeyValue> pairs_in(const Json& object, const char* name) {
  std::vector<KeyValue> pairs;
  const Json& value = member(object, name);
  if (!value.is_object()) return pairs;
  for (const auto& [key, text] : value.items()) {
    if (text.is_string()) pairs.push_back({key, text.get<std::string>()});
  }
  return pairs;
}

// ---- the manifest --------------------------------------------------------------------------

class ManifestReader {
 public:
  ManifestReader(const ImageStore& store, const std::string& name) : store_(store), name_(name) {}

  StoredManifest read() {
    if (store_.has("index.json")) {
      collect(parse("index.json"), 0, "");
      if (!found_.empty()) return from_oci();
    }
    if (store_.has("manifest.json")) return from_docker();
    if (store_.has("index.json")) fail("none of the images in its index is there");
    fail(
        "neither an OCI nor a docker archive: it has no index.json and no manifest.json (make one "
        "with docker save or --format oci)");
  }

 private:
  struct Found {
    std::string blob;      ///< of the manifest
    std::string name;      ///< of the image, where annotations tell
    std::string platform;  ///< "linux/amd64"; empty: not said
  };

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(fmt::format("read {}: {}", name_, reason));
  }

  Json parse(const std::string& blob) const {
    std::optional<std::string> text = store_.text(blob);
    if (!text) fail(fmt::format("{} is missing, too large or no JSON", blob));
    Json json = Json::parse(*text, nullptr, false);
    if (json.is_discarded()) fail(fmt::format("{} is no JSON", blob));
    return json;
  }

  /// The place of a blob; Error for a digest that is no SHA-256, which could be any path.
  std::string blob_of(const std::string& digest) const {
    constexpr std::string_view kPrefix = "sha256:";
    const bool known =
        digest.starts_with(kPrefix) && digest.size() == kPrefix.size() + 64 &&
        digest.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string::npos;
    if (!known) fail(fmt::format("the digest \"{}\" is no SHA-256", digest.substr(0, 100)));
    return "blobs/sha256/" + digest.substr(kPrefix.size());
  }

  /// A small blob whose content has to be what its digest says.
  Json parse_checked(const std::string& digest) const {
    const std::string blob = blob_of(digest);
    Json json = parse(blob);
    const std::string text = *store_.text(blob);
    std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(text.data()),
                                        text.size());
    if ("sha256:" + sha256(bytes) != digest) fail(blob + " does not match its digest");
    return json;
  }

  /// All image manifests of an index that are there: archives of one platform keep the index of
  /// all.
  void collect(const Json& index, int depth, const std::string& name) {
    if (depth > kMostNested) fail("its indexes are nested too deeply");
    for (const Json& each : member(index, "manifests")) {
      const Json& annotations = member(each, "annotations");
      if (!text_in(annotations, "vnd.docker.reference.type").empty()) continue;  // an attestation
      const std::string digest = text_in(each, "digest");
      const std::string blob = blob_of(digest);
      if (!store_.has(blob) || !seen_.insert(blob).second) continue;
      std::string called = text_in(annotations, kContainerdName);
      if (called.empty()) called = text_in(annotations, kRefName);
      if (called.empty()) called = name;
      Json json = parse_checked(digest);
      if (member(json, "manifests").is_array()) {
        collect(json, depth + 1, called);
        continue;
      }
      const Json& platform = member(each, "platform");
      std::string where = text_in(platform, "os");
      if (!where.empty()) where += "/" + text_in(platform, "architecture");
      found_.push_back({blob, called, where});
    }
  }

  /// The one that is meant: of one image's platforms ours.
  const Found& chosen() const {
    auto ours = std::find_if(found_.begin(), found_.end(),
                             [](const Found& each) { return each.platform == "linux/amd64"; });
    const Found& first = ours == found_.end() ? found_.front() : *ours;
    std::vector<std::string> names;
    for (const Found& each : found_) {
      bool platforms = !each.platform.empty() && each.platform != first.platform;
      if (!platforms) names.push_back(each.name.empty() ? "one without a name" : each.name);
    }
    refuse_several(names);
    return first;
  }

  void refuse_several(const std::vector<std::string>& names) const {
    if (names.size() < 2) return;
    fail(fmt::format("it holds {} images: {} (save the one that is meant alone)", names.size(),
                     fmt::join(names, ", ")));
  }

  StoredManifest from_oci() {
    const Found& found = chosen();
    StoredManifest manifest{.form = store_.has("manifest.json") ? "docker" : "oci"};
    if (!found.name.empty()) manifest.names.push_back(found.name);
    Json json = parse(found.blob);
    for (const Json& each : layers_of(json, "layers")) {
      const std::string digest = text_in(each, "digest");
      StoredLayer layer{
          .blob = blob_of(digest), .digest = digest, .media_type = text_in(each, "mediaType")};
      const Json& size = member(each, "size");
      check_layer(layer, size.is_number_unsigned() ? size.get<std::uint64_t>() : 0,
                  size.is_number_unsigned());
      manifest.layers.push_back(std::move(layer));
    }
    take_config(manifest, parse_checked(text_in(member(json, "config"), "digest")));
    return manifest;
  }

  StoredManifest from_docker() {
    Json json = parse("manifest.json");
    if (!json.is_array() || json.empty()) fail("manifest.json names no image");
    std::vector<std::string> names;
    for (const Json& each : json) {
      std::vector<std::string> tags = texts_in(each, "RepoTags");
      names.push_back(tags.empty() ? "one without a name" : tags[0]);
    }
    refuse_several(names);
    StoredManifest manifest{.form = "docker", .names = texts_in(json[0], "RepoTags")};
    for (const Json& each : layers_of(json[0], "Layers")) {
      if (!each.is_string()) fail("manifest.json names a layer by what is no text");
      StoredLayer layer{.blob = each.get<std::string>()};
      check_layer(layer, 0, false);
      manifest.layers.push_back(std::move(layer));
    }
    take_config(manifest, parse(text_in(json[0], "Config")));
    return manifest;
  }

  const Json& layers_of(const Json& json, const char* key) const {
    const Json& layers = member(json, key);
    if (!layers.is_array()) fail("its manifest has no list of layers");
    if (layers.size() > kMostLayers) fail(fmt::format("it has {} layers", layers.size()));
    return layers;
  }

  void check_layer(StoredLayer& layer, std::uint64_t claimed, bool claims) const {
    std::optional<std::string> real = store_.real_name(layer.blob);
    if (!real) {
      fail(fmt::format("layer {} is not in it (it is cut short, or its layers are elsewhere)",
                       layer.blob));
    }
    layer.blob = *real;
    layer.stored = store_.size(layer.blob);
    if (claims && claimed != layer.stored) {
      fail(fmt::format("layer {} has {} bytes, not {}", layer.blob, layer.stored, claimed));
    }
  }

  /// The configuration, and what it knows of the layers.
  void take_config(StoredManifest& manifest, const Json& json) const {
    const Json& run = member(json, "config");
    const Json& health = member(run, "Healthcheck");
    StoredConfig& config = manifest.config;
    config = {.os = text_in(json, "os"),
              .architecture = text_in(json, "architecture"),
              .created = text_in(json, "created"),
              .entrypoint = texts_in(run, "Entrypoint"),
              .command = texts_in(run, "Cmd"),
              .user = text_in(run, "User"),
              .workdir = text_in(run, "WorkingDir"),
              .ports = keys_in(run, "ExposedPorts"),
              .volumes = keys_in(run, "Volumes"),
              .labels = pairs_in(run, "Labels"),
              .stop_signal = text_in(run, "StopSignal"),
              .healthcheck = texts_in(health, "Test")};
    if (config.healthcheck == std::vector<std::string>{"NONE"}) config.healthcheck.clear();
    for (const std::string& pair : texts_in(run, "Env")) {
      std::size_t equals = pair.find('=');
      if (equals == std::string::npos || equals == 0) continue;
      config.environment.push_back({pair.substr(0, equals), pair.substr(equals + 1)});
    }
    std::vector<std::string> contents = texts_in(member(json, "rootfs"), "diff_ids");
    if (contents.size() != manifest.layers.size()) {
      fail(fmt::format("its manifest has {} layers, its configuration {}", manifest.layers.size(),
                       contents.size()));
    }
    std::vector<std::string> history;
    for (const Json& each : member(json, "history")) {
      const Json& empty = member(each, "empty_layer");
      if (!empty.is_boolean() || !empty.get<bool>()) history.push_back(text_in(each, "created_by"));
    }
    for (std::size_t i = 0; i < contents.size(); ++i) {
      manifest.layers[i].diff_id = contents[i];
      if (history.size() == contents.size()) manifest.layers[i].created_by = history[i];
    }
  }

  const ImageStore& store_;
  const std::string& name_;
  std::vector<Found> found_;
  std::set<std::string> seen_;  ///< blobs that an index named
};

}  // namespace

bool holds_image(const ImageStore& store) {
  return store.has("index.json") || store.has("manifest.json");
}

StoredManifest read_manifest(const ImageStore& store, const std::string& name) {
  return ManifestReader(store, name).read();
}

}  // namespace scratchpack
