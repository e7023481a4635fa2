#include "bundler/inspect_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/values.h"
#include "bundler/image_report.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

constexpr std::size_t kMostListed = 10;
constexpr std::size_t kWidestInstruction = 70;
constexpr std::size_t kFolderDepth = 2;

std::string cut(const std::string& text, std::size_t width) {
  if (text.size() <= width) return text;
  std::size_t end = width;
  // Not in the middle of a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string quoted_words(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(shell_quoted(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

void row(std::string& text, const char* name, const std::string& value) {
  if (!value.empty()) text += fmt::format("  {:<13}{}\n", name, value);
}

std::string config_text(const StoredConfig& config) {
  std::string text;
  row(text, "entrypoint", quoted_words(config.entrypoint));
  row(text, "command", quoted_words(config.command));
  for (const KeyValue& each : config.environment) row(text, "env", each.key + "=" + each.value);
  row(text, "workdir", config.workdir);
  row(text, "user", config.user);
  row(text, "ports", fmt::format("{}", fmt::join(config.ports, ", ")));
  row(text, "volumes", fmt::format("{}", fmt::join(config.volumes, ", ")));
  row(text, "stop signal", config.stop_signal);
  row(text, "healthcheck", quoted_words(config.healthcheck));
  for (const KeyValue& each : config.labels) row(text, "label", each.key + "=" + each.value);
  return text;
}

std::string layers_text(const Image& image) {
  std::string text =
      fmt::format("\n  {:>5} {:>6} {:>10} {:>10}  {}\n", "layer", "files", "size", "stored", "by");
  std::uint64_t files = 0, size = 0, stored = 0;
  for (std::size_t i = 0; i < image.layers().size(); ++i) {
    const StoredLayer& layer = image.layers()[i];
    const std::string id = (layer.digest.empty() ? layer.diff_id : layer.digest).substr(0, 19);
    const std::string made = instruction(layer.created_by);
    text +=
        fmt::format("  {:>5} {:>6} {:>10} {:>10}  {}\n", i + 1, layer.files, human_size(layer.size),
                    human_size(layer.stored), made.empty() ? id : cut(made, kWidestInstruction));
    files += layer.files;
    size += layer.size;
    stored += layer.stored;
  }
  return text + fmt::format("  {:>5} {:>6} {:>10} {:>10}\n", "all", files, human_size(size),
                            human_size(stored));
}

std::string loss_words(const ImageLoss& loss) {
  return fmt::format("of layer {}, {} by layer {}{}", loss.layer + 1,
                     loss.deleted ? "deleted" : "written again", loss.by + 1,
                     loss.unchanged ? " with the same content" : "");
}

std::string waste_text(const Image& image) {
  const Measures measures = measures_of(image);
  std::string text = fmt::format(
      "\nIn vain: {} of {}, {:.1f} % (overwritten {}, deleted {}, "
      "duplicates {}); efficiency {:.1f} %\n",
      human_size(measures.waste()), human_size(measures.whole), measures.waste_percent(),
      human_size(measures.overwritten), human_size(measures.deleted),
      human_size(measures.duplicates), 100 - measures.waste_percent());
  std::vector<const ImageLoss*> largest;
  for (const ImageLoss& loss : image.losses) {
    if (loss.size > 0) largest.push_back(&loss);
  }
  std::stable_sort(largest.begin(), largest.end(),
                   [](const ImageLoss* a, const ImageLoss* b) { return a->size > b->size; });
  for (std::size_t i = 0; i < std::min(largest.size(), kMostListed); ++i) {
    text += fmt::format("  {:>10}  {} ({})\n", human_size(largest[i]->size), largest[i]->path,
                        loss_words(*largest[i]));
  }
  if (largest.size() > kMostListed) {
    text +=
        fmt::format("  {:>10}  and {} more (--json has all)\n", "", largest.size() - kMostListed);
  }
  return text;
}

/// Folders near the root by what is in them.
std::string folders_text(const Image& image) {
  std::map<std::string, std::uint64_t> sizes;
  std::set<LayerPlace> counted;  // hard links are one file
  for (const auto& [path, file] : image.files) {
    if (file.kind != FileKind::file || !counted.insert(file.content).second) continue;
    std::size_t end = 0;
    for (std::size_t depth = 0; depth < kFolderDepth && end != std::string::npos; ++depth) {
      end = path.find('/', end + 1);
    }
    sizes[path.substr(0, end)] += file.size;
  }
  std::vector<std::pair<std::string, std::uint64_t>> largest(sizes.begin(), sizes.end());
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text = "\nWhere the bytes are (--tree shows all):\n";
  for (std::size_t i = 0; i < std::min(largest.size(), kMostListed); ++i) {
    text += fmt::format("  {:>10}  {}\n", human_size(largest[i].second), largest[i].first);
  }
  return text;
}

}  // namespace

std::string image_text(const Image& image, bool bold) {
  const StoredConfig& config = image.config();
  const std::string names = fmt::format("{}", fmt::join(image.manifest.names, ", "));
  std::string headline =
      fmt::format("{}: {} archive", image.name, image.manifest.form == "oci" ? "OCI" : "docker");
  if (!names.empty()) headline += " of " + names;
  std::string platform = config.os.empty() ? config.architecture
                                           : fmt::format("{}/{}", config.os, config.architecture);
  for (const std::string& each : {platform, config.created}) {
    if (!each.empty()) headline += ", " + each;
  }
  return (bold ? "\033[1m" + headline + "\033[0m\n" : headline + "\n") + config_text(config) +
         layers_text(image) + waste_text(image) + folders_text(image);
}

std::string image_why_text(const Image& image, const std::string& path) {
  std::string text;
  if (auto found = image.files.find(path); found != image.files.end()) {
    const ImageFile& file = found->second;
    text = fmt::format("{}: {}{}\n  {}\n", path,
                       file.kind == FileKind::file        ? human_size(file.size)
                       : file.kind == FileKind::symlink   ? "a link to " + file.target
                       : file.kind == FileKind::directory ? "a folder"
                                                          : "a device, pipe or socket",
                       file.package.empty() ? "" : ", package " + file.package,
                       layer_name(image, file.layer));
  } else {
    text = fmt::format("{}: not in the image\n", path);
  }
  bool lost = false;
  for (const ImageLoss& loss : image.losses) {
    if (loss.path != path) continue;
    text += fmt::format("  {} {} ({})\n", human_size(loss.size), loss_words(loss),
                        layer_name(image, loss.by));
    lost = true;
  }
  if (!lost && !image.files.contains(path)) {
    throw Error(fmt::format("explain {}: in none of the layers (--tree shows what is)", path));
  }
  return text;
}

}  // namespace scratchpack
