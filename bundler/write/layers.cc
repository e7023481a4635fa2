#include "bundler/write/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace scratchpack {
namespace {

/// Bytes; a smaller package shares its layer with others.
constexpr std::uint64_t kOwnLayer = std::uint64_t{512} << 10;

using PackageSizes = std::map<std::string, std::uint64_t>;

/// Packages whose files go neither into the first layer nor into the last.
PackageSizes packages_between(const FileSet& files, const LayerChoice& choice) {
  PackageSizes sizes;
  for (const auto& [path, entry] : files) {
    if (entry.package.empty() || entry.package == choice.own_package) continue;
    if (!choice.c_library.contains(path)) sizes[entry.package] += entry.size;
  }
  return sizes;
}

/// Those that get a layer each, when `most` layers may hold all of them.
std::set<std::string> largest(const PackageSizes& sizes, std::size_t most) {
  std::vector<std::pair<std::uint64_t, std::string>> large;
  for (const auto& [name, size] : sizes) {
    if (size >= kOwnLayer) large.emplace_back(size, name);
  }
  std::sort(large.begin(), large.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  const bool all = large.size() == sizes.size() && large.size() <= most;
  const std::size_t alone = all ? most : most == 0 ? 0 : most - 1;
  std::set<std::string> names;
  for (std::size_t i = 0; i < std::min(alone, large.size()); ++i) names.insert(large[i].second);
  return names;
}

class Split {
 public:
  Split(const FileSet& files, const LayerChoice& choice) : files_(files), choice_(choice) {
    const bool c_library = choice.most > 1 && !choice.c_library.empty();
    if (c_library) c_library_ = add_layer();
    const std::size_t left = choice.most - (c_library ? 1 : 0) - 1;
    const PackageSizes sizes = left > 0 ? packages_between(files, choice) : PackageSizes{};
    const std::set<std::string> alone = largest(sizes, left);
    for (const std::string& name : alone) of_package_[name] = add_layer();
    if (alone.size() < sizes.size()) {
      const std::size_t rest = add_layer();
      for (const auto& [name, size] : sizes) of_package_.try_emplace(name, rest);
    }
    own_ = add_layer();
    layers_[own_].own = true;
  }

  std::vector<Layer> run() {
    for (const auto& [path, entry] : files_) {
      if (entry.kind != FileKind::directory || is_empty(path)) put(path, entry);
    }
    for (std::size_t i = 0; i < layers_.size(); ++i) layers_[i].title = title(i);
    return std::move(layers_);
  }

 private:
  /// One that is not comes with what is in it.
  bool is_empty(const std::string& directory) const {
    const std::string prefix = directory == "/" ? directory : directory + "/";
    auto below = files_.upper_bound(prefix);
    return below == files_.end() || !below->first.starts_with(prefix);
  }

  std::size_t add_layer() {
    layers_.emplace_back();
    return layers_.size() - 1;
  }

  std::size_t layer_of(const std::string& path, const FileEntry& entry) const {
    if (c_library_ && choice_.c_library.contains(path)) return *c_library_;
    auto found = of_package_.find(entry.package);
    return found == of_package_.end() ? own_ : found->second;
  }

  void put(const std::string& path, const FileEntry& entry) {
    Layer& layer = layers_[layer_of(path, entry)];
    for (std::size_t end = path.find('/', 1); end != std::string::npos;
         end = path.find('/', end + 1)) {
      const std::string parent = path.substr(0, end);
      layer.files.emplace(parent, files_.at(parent));
    }
    layer.files.emplace(path, entry);
    layer.count += entry.kind == FileKind::file ? 1 : 0;
    layer.size += entry.size;
    if (entry.package.empty()) return;
    auto place = std::lower_bound(layer.packages.begin(), layer.packages.end(), entry.package);
    if (place == layer.packages.end() || *place != entry.package) {
      layer.packages.insert(place, entry.package);
    }
  }

  std::string title(std::size_t index) const {
    const Layer& layer = layers_[index];
    if (layers_.size() == 1) return "all files";
    const std::string packages = fmt::format("{}", fmt::join(layer.packages, ", "));
    const std::string colon = packages.empty() ? "" : ": ";
    if (c_library_ == index) return "C library" + colon + packages;
    if (index == own_) return "the application's own" + colon + packages;
    if (layer.packages.size() == 1) return packages;
    return fmt::format("{} packages", layer.packages.size());
  }

  const FileSet& files_;
  const LayerChoice& choice_;
  std::vector<Layer> layers_;
  std::optional<std::size_t> c_library_;
  std::map<std::string, std::size_t> of_package_;
  std::size_t own_ = 0;
};

}  // namespace

std::vector<Layer> split_into_layers(const FileSet& files, const LayerChoice& choice) {
  return Split(files, choice).run();
}

}  // namespace scratchpack
