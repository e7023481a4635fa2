#include "bundler/write/image_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kManifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndex = "application/vnd.oci.image.index.v1+json";
constexpr const char* kConfiguration = "application/vnd.oci.image.config.v1+json";
constexpr const char* kLayer = "application/vnd.oci.image.layer.v1.tar";
constexpr const char* kSystem = "linux";

std::string text_of(const Json& json) {
  try {
    return json.dump();
  } catch (const Json::exception& error) {
    throw Error(
        fmt::format("write image: {} (names and values of an image are UTF-8)", error.what()));
  }
}

Json reference(const char* type, const std::string& digest, std::uint64_t size) {
  return {{"mediaType", type}, {"digest", "sha256:" + digest}, {"size", size}};
}

const char* suffix_of(LayerCompression compression) {
  switch (compression) {
    case LayerCompression::gzip:
      return "+gzip";
    case LayerCompression::zstd:
      return "+zstd";
    case LayerCompression::none:
      break;
  }
  return "";
}

/// What a container is started with. Docker's own key Healthcheck is not OCI's; who does not know
/// it passes it over.
Json run_json(const ImageConfiguration& image) {
  Json json = {{"User", fmt::format("{}:{}", image.user.user, image.user.group)}};
  for (const std::string& port : image.ports) {
    const bool bare = port.find('/') == std::string::npos;
    json["ExposedPorts"][bare ? port + "/tcp" : port] = Json::object();
  }
  for (const KeyValue& pair : image.environment) {
    json["Env"].push_back(fmt::format("{}={}", pair.key, pair.value));
  }
  json["Entrypoint"] = image.entrypoint;
  if (!image.workdir.empty()) json["WorkingDir"] = image.workdir;
  for (const KeyValue& pair : image.labels) json["Labels"][pair.key] = pair.value;
  if (!image.stop_signal.empty()) json["StopSignal"] = image.stop_signal;
  if (!image.healthcheck.empty()) {
    json["Healthcheck"]["Test"] = Json::array({"CMD"});
    for (const std::string& word : image.healthcheck) json["Healthcheck"]["Test"].push_back(word);
  }
  return json;
}

Json history_json(const ImageDescription& image) {
  Json history = Json::array();
  for (const ImageLayer& layer : image.layers) {
    Json entry = {{"created", image_time(image.created)},
                  {"created_by", "scratchpack: " + layer.title}};
    if (!layer.packages.empty()) {
      entry["comment"] = fmt::format("{}", fmt::join(layer.packages, ", "));
    }
    history.push_back(std::move(entry));
  }
  return history;
}

/// The name in full, as containerd looks images up: "docker.io/library/curl:latest".
std::string full_name(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return "docker.io/library/" + name;
  const std::string first = name.substr(0, slash);
  const bool registry = first == "localhost" || first.find_first_of(".:") != std::string::npos;
  return registry ? name : "docker.io/" + name;
}

}  // namespace

std::string image_time(std::uint64_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string image_configuration_json(const ImageDescription& image) {
  Json identities = Json::array();
  for (const ImageLayer& layer : image.layers) {
    identities.push_back("sha256:" + layer.blob.diff_id);
  }
  return text_of({{"created", image_time(image.created)},
                  {"architecture", image.architecture},
                  {"os", kSystem},
                  {"config", run_json(image.configuration)},
                  {"rootfs", {{"type", "layers"}, {"diff_ids", identities}}},
                  {"history", history_json(image)}});
}

std::string oci_manifest_json(const ImageDescription& image, const BlobReference& configuration) {
  const std::string type = std::string(kLayer) + suffix_of(image.compression);
  Json layers = Json::array();
  for (const ImageLayer& layer : image.layers) {
    layers.push_back(reference(type.c_str(), layer.blob.digest, layer.blob.stored));
  }
  return text_of({{"schemaVersion", 2},
                  {"mediaType", kManifest},
                  {"config", reference(kConfiguration, configuration.digest, configuration.size)},
                  {"layers", layers}});
}

std::string oci_index_json(const ImageDescription& image, const BlobReference& manifest) {
  Json entry = reference(kManifest, manifest.digest, manifest.size);
  entry["platform"] = {{"architecture", image.architecture}, {"os", kSystem}};
  entry["annotations"] = {
      {"io.containerd.image.name", full_name(image.name)},
      {"org.opencontainers.image.ref.name", image.name.substr(image.name.rfind(':') + 1)}};
  return text_of(
      {{"schemaVersion", 2}, {"mediaType", kIndex}, {"manifests", Json::array({entry})}});
}

std::string docker_manifest_json(const ImageDescription& image, const std::string& configuration,
                                 const std::vector<std::string>& layers) {
  Json entry = {
      {"Config", configuration}, {"RepoTags", Json::array({image.name})}, {"Layers", layers}};
  return text_of(Json::array({entry}));
}

}  // namespace scratchpack
