#include "bundler/write/image_archive.h"

#include "bundler/base/digest.h"
#include "bundler/base/file.h"

namespace scratchpack {
namespace {

constexpr const char* kLayout = R"({"imageLayoutVersion":"1.0.0"})";
constexpr const char* kBlobs = "/blobs/sha256/";

BlobReference reference_to(const std::string& text) {
  return {sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}), text.size()};
}

void add_layer(TarArchive& archive, const std::string& path, const LayerBlob& blob,
               const Spool& spool) {
  archive.add(path, FileEntry{}, blob.stored);
  spool.copy(blob.place, blob.stored,
             [&](std::span<const std::uint8_t> bytes) { archive.write(bytes); });
}

void write_oci(TarArchive& archive, const ImageDescription& image, const Spool& spool,
               WrittenImage& written) {
  const std::string configuration = image_configuration_json(image);
  const BlobReference to_configuration = reference_to(configuration);
  const std::string manifest = oci_manifest_json(image, to_configuration);
  const BlobReference to_manifest = reference_to(manifest);
  const FileEntry directory{.kind = FileKind::directory, .mode = 0755};
  archive.add("/oci-layout", kLayout);
  archive.add("/index.json", oci_index_json(image, to_manifest));
  archive.add("/blobs", directory, 0);
  archive.add("/blobs/sha256", directory, 0);
  archive.add(kBlobs + to_manifest.digest, manifest);
  archive.add(kBlobs + to_configuration.digest, configuration);
  for (const ImageLayer& layer : image.layers) {
    add_layer(archive, kBlobs + layer.blob.digest, layer.blob, spool);
  }
  written.configuration = to_configuration.digest;
  written.manifest = to_manifest.digest;
}

void write_docker(TarArchive& archive, const ImageDescription& image, const Spool& spool,
                  WrittenImage& written) {
  const std::string configuration = image_configuration_json(image);
  written.configuration = reference_to(configuration).digest;
  std::vector<std::string> names;
  for (const ImageLayer& layer : image.layers) names.push_back(layer.blob.digest + ".tar");
  const std::string name = written.configuration + ".json";
  archive.add("/manifest.json", docker_manifest_json(image, name, names));
  archive.add("/" + name, configuration);
  for (std::size_t i = 0; i < names.size(); ++i) {
    add_layer(archive, "/" + names[i], image.layers[i].blob, spool);
  }
}

}  // namespace

WrittenImage write_image(ImageForm form, const std::vector<Layer>& layers, ImageDescription image,
                         const LayerOptions& options, const std::string& output) {
  AtomicFile file(output, 0644);
  Spool spool(output);
  WrittenImage written;
  for (const Layer& layer : layers) {
    const std::uint64_t time = layer.own ? image.created : 0;
    written.layers.push_back(pack_layer(layer.files, time, options, spool));
    image.layers.push_back({layer.title, layer.packages, written.layers.back()});
  }
  TarArchive archive(image.created,
                     [&](std::span<const std::uint8_t> bytes) { file.write(bytes); });
  if (form == ImageForm::oci) {
    write_oci(archive, image, spool, written);
  } else {
    write_docker(archive, image, spool, written);
  }
  archive.close();
  written.bytes = file.position();
  file.commit();
  return written;
}

}  // namespace scratchpack
