#include "bundler/image_report.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bundler/summary.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t bytes_at(const std::string& path) {
  std::error_code code;
  const std::uintmax_t size = std::filesystem::file_size(path, code);
  return code ? 0 : size;  // a folder has none
}

const char* kind_name(FileKind kind) {
  return kind == FileKind::directory ? "directory" : kind == FileKind::symlink ? "symlink" : "file";
}

Json pairs(const std::vector<KeyValue>& values) {
  Json object = Json::object();
  for (const KeyValue& each : values) object[each.key] = each.value;
  return object;
}

Json config_json(const StoredConfig& config) {
  return {{"os", config.os},
          {"architecture", config.architecture},
          {"created", config.created},
          {"entrypoint", config.entrypoint},
          {"command", config.command},
          {"environment", pairs(config.environment)},
          {"user", config.user},
          {"workdir", config.workdir},
          {"ports", config.ports},
          {"volumes", config.volumes},
          {"labels", pairs(config.labels)},
          {"stop_signal", config.stop_signal},
          {"healthcheck", config.healthcheck}};
}

Json layers_json(const Image& image) {
  Json layers = Json::array();
  for (const StoredLayer& layer : image.layers()) {
    layers.push_back({{"digest", layer.digest},
                      {"diff_id", layer.diff_id},
                      {"media_type", layer.media_type},
                      {"compression", layer.compression},
                      {"stored", layer.stored},
                      {"size", layer.size},
                      {"files", layer.files},
                      {"created_by", layer.created_by}});
  }
  return layers;
}

Json losses_json(const Image& image) {
  Json losses = Json::array();
  for (const ImageLoss& loss : image.losses) {
    losses.push_back({{"path", loss.path},
                      {"size", loss.size},
                      {"layer", loss.layer + 1},
                      {"by", loss.by + 1},
                      {"how", loss.deleted ? "deleted" : "overwritten"},
                      {"unchanged", loss.unchanged}});
  }
  return losses;
}

}  // namespace

std::string instruction(const std::string& created_by) {
  std::string text;
  for (char c : created_by) {
    bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) text += c;
    if (blank && !text.empty() && text.back() != ' ') text += ' ';
  }
  constexpr std::string_view kNothing = "/bin/sh -c #(nop) ", kShell = "/bin/sh -c ",
                             kBuildkit = "# buildkit", kTwice = "RUN /bin/sh -c ";
  if (text.starts_with(kNothing)) {
    text.erase(0, kNothing.size());
  } else if (text.starts_with(kShell)) {
    text.replace(0, kShell.size(), "RUN ");
  } else if (text.starts_with(kTwice)) {
    text.replace(0, kTwice.size(), "RUN ");
  }
  while (text.ends_with(' ')) text.pop_back();
  if (text.ends_with(kBuildkit)) text.resize(text.size() - kBuildkit.size());
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string layer_name(const Image& image, std::uint32_t layer) {
  const std::string made = instruction(image.layers()[layer].created_by);
  return fmt::format("layer {}{}{}", layer + 1, made.empty() ? "" : ": ", made);
}

Report image_report(const Image& image) {
  const StoredConfig& config = image.config();
  std::vector<std::string> words = config.entrypoint;
  words.insert(words.end(), config.command.begin(), config.command.end());
  Report report;
  report.format = image.manifest.form;
  report.output = image.name;
  report.bytes = bytes_at(image.name);
  report.start.mode = "native";
  if (!words.empty()) report.application = words[0];
  report.launch = {.program = report.application,
                   .arguments = {words.empty() ? words.end() : words.begin() + 1, words.end()},
                   .workdir = config.workdir,
                   .user = config.user};
  for (const KeyValue& each : config.environment) {
    report.launch.environment.push_back(
        {.name = each.key, .value = each.value, .reason = "the image's configuration"});
  }
  for (const auto& [path, file] : image.files) {
    if (file.kind == FileKind::other) continue;
    report.files.push_back({.path = path,
                            .kind = kind_name(file.kind),
                            .target = file.target,
                            .size = file.size,
                            .stored = file.size,
                            .mode = file.mode,
                            .reason = layer_name(image, file.layer),
                            .package = file.package});
  }
  return report;
}

Measures measures_of(const Image& image) {
  Measures measures{.duplicates = duplicate_bytes(image)};
  for (const StoredLayer& layer : image.layers()) measures.whole += layer.size;
  for (const ImageLoss& loss : image.losses) {
    (loss.deleted ? measures.deleted : measures.overwritten) += loss.size;
  }
  return measures;
}

std::string image_json(const Image& image) {
  const Measures measures = measures_of(image);
  Json json = Json::parse(to_json(image_report(image)));
  json["image"] = {{"names", image.manifest.names},     {"config", config_json(image.config())},
                   {"layers", layers_json(image)},      {"losses", losses_json(image)},
                   {"bytes_in_layers", measures.whole}, {"overwritten", measures.overwritten},
                   {"deleted", measures.deleted},       {"duplicates", measures.duplicates},
                   {"waste", measures.waste()}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace scratchpack
