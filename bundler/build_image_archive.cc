#include "bundler/build_image_archive.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "bundler/base/progress.h"
#include "bundler/build_image.h"
#include "bundler/find/c_library.h"
#include "bundler/write/image_archive.h"

namespace scratchpack {
namespace {

constexpr const char* kArchitecture = "amd64";  // of every program this tool bundles

/// The paths of the first layer: what the C library alone would bring, links on the way included.
std::set<std::string> c_library_paths(const Build& build) {
  Plan plan;
  plan.wants = c_library(build.plan, build.sysroot);
  std::set<std::string> paths;
  for (const auto& [path, entry] : collect(plan, build.sysroot, build.options.exclude)) {
    if (entry.kind != FileKind::directory) paths.insert(path);
  }
  return paths;
}

std::string package_of_application(const Build& build) {
  const std::string& asked = build.plan.application;
  auto file = build.files.find(build.sysroot.resolve(asked).value_or(asked));
  return file == build.files.end() ? "" : file->second.package;
}

std::vector<Layer> layers_of(const Build& build) {
  LayerChoice choice{.c_library = c_library_paths(build),
                     .own_package = package_of_application(build)};
  const std::string& most = build.options.layers;
  if (!most.empty()) choice.most = std::strtoul(most.c_str(), nullptr, 10);
  return split_into_layers(build.files, choice);
}

/// Labels that are true without asking; the user's own win.
std::vector<KeyValue> labels_of(const Build& build, std::uint64_t created) {
  std::vector<KeyValue> labels = build.options.label;
  auto add = [&](const std::string& name, const std::string& value) {
    const std::string key = "org.opencontainers.image." + name;
    auto same = [&](const KeyValue& label) { return label.key == key; };
    if (!std::any_of(labels.begin(), labels.end(), same)) labels.push_back({key, value});
  };
  add("created", image_time(created));
  add("title", std::filesystem::path(build.plan.application).filename());
  const std::string package = package_of_application(build);
  if (!package.empty()) add("version", package.substr(package.find(' ') + 1));
  return labels;
}

LayerCompression compression_of(const std::string& name) {
  if (name == "zstd") return LayerCompression::zstd;
  return name == "gzip" ? LayerCompression::gzip : LayerCompression::none;
}

ReportLayer describe(const Layer& layer) {
  return {
      .title = layer.title, .packages = layer.packages, .files = layer.count, .size = layer.size};
}

void write(Build& build, ImageForm form) {
  const BuildOptions& options = build.options;
  Report& report = build.report;
  store_as_is(report);
  std::string compression = options.layer_compress;
  if (compression.empty()) compression = form == ImageForm::oci ? "gzip" : "none";
  const std::vector<Layer> layers = layers_of(build);
  ReportImage& said = report.image.emplace();
  said.name = image_tag(options, build.plan.application);
  said.platform = fmt::format("linux/{}", kArchitecture);
  said.compression = compression;
  for (const Layer& layer : layers) said.layers.push_back(describe(layer));
  if (options.dry_run) return;

  ImageDescription image;
  image.created = source_date_epoch();
  image.configuration = image_configuration(options, build.plan, PayloadKind::image);
  image.configuration.labels = labels_of(build, image.created);
  image.name = said.name;
  image.architecture = kArchitecture;
  image.compression = compression_of(compression);
  std::optional<FrameCache> cache;
  if (!options.no_cache) cache.emplace(FrameCache::users_folder());
  Progress progress("writing " + build.output, content_size(build.files));
  const LayerOptions packing{.compression = image.compression,
                             .threads = options.threads,
                             .cache = cache ? &*cache : nullptr,
                             .step = [&](std::uint64_t bytes) { progress.advance(bytes); }};
  const WrittenImage written = write_image(form, layers, image, packing, build.output);
  if (cache) cache->trim();
  report.bytes = written.bytes;
  said.configuration = written.configuration;
  said.manifest = written.manifest;
  for (std::size_t i = 0; i < written.layers.size(); ++i) {
    said.layers[i].stored = written.layers[i].stored;
    said.layers[i].digest = written.layers[i].digest;
    said.layers[i].diff_id = written.layers[i].diff_id;
  }
}

}  // namespace

void write_oci_image(Build& build) { write(build, ImageForm::oci); }

void write_docker_image(Build& build) {
  if (build.options.layer_compress == "zstd") {
    build.plan.warnings.emplace_back("--layer-compress zstd: Docker 20.10 cannot load it");
  }
  write(build, ImageForm::docker);
}

}  // namespace scratchpack
