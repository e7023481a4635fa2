// Reading goes twice through an archive: the store looks for manifest and configuration, then every
// layer that they name passes by once,
//
//   blob ─► SHA-256 ─► gzip, zstd ─► SHA-256 ─► tar entries ─► SHA-256 of each file
//
// and only what it says of its entries is kept. Then they are put on top of each other.
#include "bundler/read/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/progress.h"
#include "bundler/read/image_layers.h"
#include "bundler/read/image_packages.h"

namespace scratchpack {
namespace {

constexpr std::size_t kMostEntries = 5'000'000;
constexpr std::uint64_t kLargestList = std::uint64_t{32} << 20;
constexpr std::uint64_t kMostLists = std::uint64_t{256} << 20;

std::uint64_t layers_stored(const StoredManifest& manifest) {
  std::uint64_t sum = 0;
  for (const StoredLayer& layer : manifest.layers) sum += layer.stored;
  return sum;
}

/// What is called with each entry of a layer; it may read the content.
using EntryVisitor = std::function<void(const TarEntry&, std::uint32_t number, TarReader&)>;

/// Opens the blobs of layers, and checks that they are what their digests say.
class LayerReader {
 public:
  LayerReader(const std::string& name, std::uint64_t total)
      : name_(name), progress_("reading " + name, total) {}

  /// Fills the layer's compression. Its stored size is taken from what was read.
  void read(StoredLayer& layer, const ByteSource& blob, const EntryVisitor& visit) {
    const std::string called = fmt::format("{}: layer {}", name_, layer.blob);
    Sha256 stored_digest, tar_digest;
    std::uint64_t stored = 0;
    bool first = true;
    const ByteSource counted = [&] {
      std::span<const std::uint8_t> bytes = blob();
      if (first) layer.compression = compression_of(bytes);
      first = false;
      stored += bytes.size();
      stored_digest.update(bytes);
      progress_.advance(bytes.size());
      return bytes;
    };
    const ByteSource plain = decompressed(counted, called);
    const ByteSource hashed = [&] {
      std::span<const std::uint8_t> bytes = plain();
      tar_digest.update(bytes);
      return bytes;
    };
    read_entries(hashed, called, visit);
    while (!hashed().empty()) continue;   // what pads the archive
    while (!counted().empty()) continue;  // and what follows the compressed stream
    layer.stored = stored;
    check(called, layer.digest, stored_digest.hexadecimal());
    check(called, layer.diff_id, tar_digest.hexadecimal());
  }

 private:
  static void read_entries(const ByteSource& bytes, const std::string& called,
                           const EntryVisitor& visit) {
    TarReader reader(bytes, called);
    std::uint32_t number = 0;
    while (std::optional<TarEntry> entry = reader.next()) visit(*entry, number++, reader);
  }

  static void check(const std::string& called, const std::string& claimed,
                    const std::string& actual) {
    if (!claimed.empty() && claimed != "sha256:" + actual) {
      throw Error(
          fmt::format("read {}: the content is not what its digest says (fetch it again)", called));
    }
  }

  const std::string& name_;
  Progress progress_;
};

/// Collects what the layers say of their files.
class ImageReader {
 public:
  ImageReader(Image& image, const ImageStore& store)
      : image_(image), store_(store), reader_(image.name, layers_stored(image.manifest)) {}

  void read() {
    std::set<std::string> blobs;
    for (const StoredLayer& layer : image_.layers()) blobs.insert(layer.blob);
    std::map<std::string, Contents> contents;
    store_.read(blobs, [&](const std::string& name, const ByteSource& bytes) {
      contents[name] = read_layer(name, bytes);
    });
    LayerStack stack(image_.name);
    for (StoredLayer& layer : image_.manifest.layers) {
      const Contents& content = contents.at(layer.blob);
      layer = with_what_was_read(layer, content);
      stack.add(content.entries);
    }
    image_.losses = std::move(stack.losses());
    image_.files = std::move(stack.files());
    name_packages(contents);
  }

 private:
  struct Contents {
    StoredLayer read;  ///< what was found out of it
    std::vector<LayerEntry> entries = {};
    std::map<std::uint32_t, std::string> lists = {};  ///< package lists, by number of the entry
  };

  /// Layers that are the same (empty ones) share a blob; each keeps its own history.
  static StoredLayer with_what_was_read(StoredLayer layer, const Contents& content) {
    layer.compression = content.read.compression;
    layer.stored = content.read.stored;
    layer.size = content.read.size;
    layer.files = content.read.files;
    return layer;
  }

  Contents read_layer(const std::string& name, const ByteSource& bytes) {
    auto known = std::find_if(image_.layers().begin(), image_.layers().end(),
                              [&](const StoredLayer& layer) { return layer.blob == name; });
    Contents content{.read = *known};
    StoredLayer& layer = content.read;
    reader_.read(layer, bytes, [&](const TarEntry& entry, std::uint32_t number, TarReader& tar) {
      if (++entries_ > kMostEntries) {
        throw Error(fmt::format("read {}: more than {} files in it", image_.name, kMostEntries));
      }
      LayerEntry& kept =
          content.entries.emplace_back(LayerEntry{.path = path_in_image(entry.path, image_.name),
                                                  .kind = entry.kind,
                                                  .mode = entry.mode,
                                                  .size = entry.size,
                                                  .target = entry.target});
      if (entry.kind == TarKind::hard_link) {
        kept.target = path_in_image(entry.target, image_.name);
      }
      if (entry.kind != TarKind::file) return;
      const bool list = is_package_list(kept.path) && entry.size <= kLargestList &&
                        (lists_ += entry.size) <= kMostLists;
      kept.digest = digest_of(tar, list ? &content.lists[number] : nullptr);
      layer.size += entry.size;
      layer.files += is_whiteout(kept.path) ? 0 : 1;
    });
    return content;
  }

  static std::string digest_of(TarReader& tar, std::string* text) {
    Sha256 digest;
    while (true) {
      std::span<const std::uint8_t> bytes = tar.piece();
      if (bytes.empty()) return digest.hexadecimal();
      digest.update(bytes);
      if (text != nullptr) text->append(bytes.begin(), bytes.end());
    }
  }

  void name_packages(const std::map<std::string, Contents>& contents) {
    std::map<std::string, std::string> texts;
    for (const auto& [path, file] : image_.files) {
      if (!is_package_list(path) || file.kind != FileKind::file) continue;
      const auto& lists = contents.at(image_.layers()[file.content.layer].blob).lists;
      if (auto text = lists.find(file.content.entry); text != lists.end()) {
        texts[path] = text->second;
      }
    }
    name_image_packages(image_.files, texts);
  }

  Image& image_;
  const ImageStore& store_;
  LayerReader reader_;
  std::size_t entries_ = 0;
  std::uint64_t lists_ = 0;  ///< bytes of package lists held
};

}  // namespace

bool looks_like_image(const std::string& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) {
    return std::filesystem::exists(path + "/index.json", code);
  }
  InputFile file(path);
  constexpr std::size_t kHead = 262;
  std::array<std::uint8_t, kHead> head{};
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kHead));
  file.read(0, std::span(head).first(size));
  if (compression_of(std::span(head).first(size)) != "none") return true;
  constexpr std::string_view kMagic = "ustar";  // at 257, of every tar archive since 1988
  return size == kHead && std::equal(kMagic.begin(), kMagic.end(), head.begin() + 257);
}

Image read_image(const std::string& path) {
  std::unique_ptr<ImageStore> store = open_image_store(path);
  Image image{.name = path, .manifest = read_manifest(*store, path)};
  ImageReader(image, *store).read();
  return image;
}

void read_contents(const Image& image, const ContentSink& take) {
  std::map<LayerPlace, std::vector<std::string>> wanted;
  std::map<std::string, std::set<std::uint32_t>> layers;  // by their blobs
  for (const auto& [path, file] : image.files) {
    if (file.kind != FileKind::file) continue;
    wanted[file.content].push_back(path);
    layers[image.layers()[file.content.layer].blob].insert(file.content.layer);
  }
  std::set<std::string> blobs;
  for (const auto& [blob, numbers] : layers) blobs.insert(blob);
  LayerReader reader(image.name, layers_stored(image.manifest));
  std::unique_ptr<ImageStore> store = open_image_store(image.name);
  store->read(blobs, [&](const std::string& blob, const ByteSource& bytes) {
    StoredLayer layer = image.layers()[*layers.at(blob).begin()];
    reader.read(layer, bytes, [&](const TarEntry&, std::uint32_t number, TarReader& tar) {
      std::vector<std::string> paths;
      for (std::uint32_t each : layers.at(blob)) {  // the same blob may be several layers
        auto files = wanted.find({each, number});
        if (files == wanted.end()) continue;
        paths.insert(paths.end(), files->second.begin(), files->second.end());
      }
      if (!paths.empty()) take(paths, [&tar] { return tar.piece(); });
    });
  });
}

std::uint64_t duplicate_bytes(const Image& image) {
  std::set<LayerPlace> places;
  std::set<std::string> digests;
  std::uint64_t bytes = 0;
  for (const auto& [path, file] : image.files) {
    if (file.kind != FileKind::file || !places.insert(file.content).second) continue;
    if (!digests.insert(file.digest).second) bytes += file.size;
  }
  return bytes;
}

}  // namespace scratchpack
