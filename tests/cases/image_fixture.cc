#include "tests/cases/image_fixture.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "bundler/base/digest.h"

namespace scratchpack {
namespace {

constexpr std::size_t kBlock = 512;

std::string octal(std::uint64_t value, int digits) { return fmt::format("{:0{}o}", value, digits); }

std::string header_of(const TarMember& member) {
  std::string header(kBlock, '\0');
  auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, member.path.substr(0, 100));
  put(100, octal(member.mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(member.content.size(), 11));
  put(136, octal(0, 11));
  put(148, "        ");
  header[156] = member.type;
  put(157, member.target.substr(0, 100));
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + "\"";
}

const std::string& plain(const LayerMade& layer) {
  return layer.tar.empty() ? layer.blob : layer.tar;
}

std::string configuration(const std::vector<LayerMade>& layers, const std::string& config) {
  std::vector<std::string> ids, history;
  for (const LayerMade& layer : layers) {
    ids.push_back(quoted(digest_name(plain(layer))));
    history.push_back(fmt::format("{{\"created_by\":{}}}", quoted(layer.history)));
  }
  return fmt::format(
      "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
      "\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{}]}},\"history\":[{}]}}",
      config, fmt::join(ids, ","), fmt::join(history, ","));
}

std::string blob_path(const std::string& bytes) {
  return "blobs/sha256/" + digest_name(bytes).substr(7);
}

std::string reference(const std::string& bytes, const std::string& type) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", type, digest_name(bytes),
                     bytes.size());
}

}  // namespace

std::string digest_name(const std::string& bytes) {
  return "sha256:" + sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::string tar_of(const std::vector<TarMember>& members) {
  std::string archive;
  for (const TarMember& member : members) {
    archive += header_of(member) + member.content;
    archive.resize((archive.size() + kBlock - 1) / kBlock * kBlock);
  }
  archive.resize(archive.size() + 2 * kBlock);
  return archive;
}

std::string oci_archive(const std::vector<LayerMade>& layers, const std::string& config) {
  const std::string configured = configuration(layers, config);
  std::vector<TarMember> members = {{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}};
  std::vector<std::string> references;
  for (const LayerMade& layer : layers) {
    references.push_back(reference(layer.blob, "application/vnd.oci.image.layer.v1.tar"));
    members.push_back({blob_path(layer.blob), layer.blob});
  }
  const std::string manifest =
      fmt::format(R"({{"schemaVersion":2,"config":{},"layers":[{}]}})",
                  reference(configured, "application/vnd.oci.image.config.v1+json"),
                  fmt::join(references, ","));
  members.push_back({blob_path(configured), configured});
  members.push_back({blob_path(manifest), manifest});
  members.push_back(
      {"index.json",
       fmt::format(R"({{"schemaVersion":2,"manifests":[{}]}})",
                   reference(manifest, "application/vnd.oci.image.manifest.v1+json"))});
  return tar_of(members);
}

std::string docker_archive(const std::vector<LayerMade>& layers, const std::string& config) {
  const std::string configured = configuration(layers, config);
  std::vector<TarMember> members;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string folder = fmt::format("{:064x}", i);
    names.push_back(quoted(folder + "/layer.tar"));
    members.push_back({folder + "/", "", '5', "", 0755});
    members.push_back({folder + "/layer.tar", layers[i].blob});
  }
  members.push_back({"config.json", configured});
  members.push_back(
      {"manifest.json",
       fmt::format(R"([{{"Config":"config.json","RepoTags":["app:latest"],"Layers":[{}]}}])",
                   fmt::join(names, ","))});
  return tar_of(members);
}

}  // namespace scratchpack
