// A bundle or an image as one side of a comparison.
#include <fmt/format.h>

#include <filesystem>

#include "bundler/base/digest.h"
#include "bundler/base/parallel.h"
#include "bundler/diff.h"
#include "bundler/read/bundle.h"
#include "bundler/read/image.h"
#include "bundler/report.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

/// A command line.
std::string words_of(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(shell_quoted(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

/// One word for a variable's setting; whether it wins over the container's belongs to it.
std::string value_of(const EnvironmentEdit& edit) {
  return edit.value + (edit.only_if_unset ? "" : " (in any case)");
}

std::map<std::string, std::string> settings_of(const Report& report) {
  std::map<std::string, std::string> settings = {
      {"application", report.application}, {"arguments", words_of(report.launch.arguments)},
      {"compression", report.compression}, {"interpreter", report.interpreter},
      {"program", report.launch.program},  {"start", report.start.mode},
      {"user", report.launch.user},        {"workdir", report.launch.workdir},
  };
  return settings;
}

std::map<std::string, DiffFile> files_of(const Bundle& bundle) {
  const std::vector<BundleEntry>& entries = bundle.entries();
  std::vector<DiffFile> files(entries.size());
  share_out(entries.size(), 0, [&] {
    return [&](std::size_t i) {
      const BundleEntry& entry = entries[i];
      files[i] = {.kind = entry.kind, .mode = entry.mode, .target = entry.target};
      if (entry.kind != "file") return;
      files[i].size = entry.size;
      files[i].digest = sha256(bundle.content(i));
    };
  });
  std::map<std::string, DiffFile> by_path;
  for (std::size_t i = 0; i < files.size(); ++i) by_path[entries[i].path] = std::move(files[i]);
  return by_path;
}

DiffSide side_of_bundle(const std::string& path) {
  Bundle bundle = Bundle::open(path);
  Report report = from_json(bundle.manifest());
  DiffSide side{.name = path, .bytes = std::filesystem::file_size(path), .files = files_of(bundle)};
  for (const ReportFile& file : report.files) {
    auto known = side.files.find(file.path);
    if (known != side.files.end()) known->second.package = file.package;
  }
  for (const EnvironmentEdit& edit : report.launch.environment) {
    side.environment[edit.name] = value_of(edit);
  }
  side.settings = settings_of(report);
  side.settings["start"] = bundle.start_mode();
  return side;
}

const char* kind_text(FileKind kind) {
  switch (kind) {
    case FileKind::file:
      return "file";
    case FileKind::directory:
      return "directory";
    case FileKind::symlink:
      return "symlink";
    case FileKind::other:
      break;
  }
  return "device";
}

std::map<std::string, std::string> settings_of(const Image& image) {
  const StoredConfig& config = image.config();
  std::map<std::string, std::string> settings = {
      {"arguments", words_of(config.command)},
      {"entrypoint", words_of(config.entrypoint)},
      {"healthcheck", words_of(config.healthcheck)},
      {"platform", config.os + "/" + config.architecture},
      {"ports", fmt::format("{}", fmt::join(config.ports, " "))},
      {"stop signal", config.stop_signal},
      {"user", config.user},
      {"volumes", fmt::format("{}", fmt::join(config.volumes, " "))},
      {"workdir", config.workdir},
  };
  for (const KeyValue& label : config.labels) settings["label " + label.key] = label.value;
  return settings;
}

DiffSide side_of_image(const std::string& path) {
  Image image = read_image(path);
  DiffSide side{.name = path};
  for (const StoredLayer& layer : image.layers()) side.bytes += layer.stored;
  for (const auto& [place, file] : image.files) {
    DiffFile& to = side.files[place];
    to = {.kind = kind_text(file.kind),
          .mode = file.mode,
          .target = file.target,
          .package = file.package};
    if (file.kind != FileKind::file) continue;
    to.size = file.size;
    to.digest = file.digest;
  }
  for (const KeyValue& variable : image.config().environment) {
    side.environment[variable.key] = variable.value;
  }
  side.settings = settings_of(image);
  return side;
}

}  // namespace

DiffSide diff_side(const std::string& path) {
  return looks_like_image(path) ? side_of_image(path) : side_of_bundle(path);
}

}  // namespace scratchpack
