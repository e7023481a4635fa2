// The table of formats, and how each is written.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bundler/base/file.h"
#include "bundler/base/progress.h"
#include "bundler/build_image_archive.h"
#include "bundler/build_job.h"
#include "bundler/content/raw_calls.h"
#include "bundler/package_note.h"
#include "bundler/trial.h"
#include "bundler/write/directory.h"
#include "bundler/write/frame_cache.h"
#include "bundler/write/layer_size.h"
#include "bundler/write/onefile.h"
#include "bundler/write/tar.h"

namespace scratchpack {
namespace {

Compression compression_of(const std::string& name) {
  if (name == "fast") return Compression::fast;
  if (name == "good") return Compression::good;
  return name == "best" ? Compression::best : Compression::none;
}

Mode mode_of(const std::string& name) {
  if (name == "in-place") return Mode::in_place;
  return name == "extract" ? Mode::extract : Mode::automatic;
}

/// The layer of a file that lies on disk as it will lie in the image.
void measure_layer_of_file(Build& build) {
  MappedFile output(build.output);
  LayerMeter meter(output.bytes().size(), build.options.compress != "none", build.options.threads);
  meter.feed(output.bytes());
  LayerSize layer = meter.result();
  build.report.gzipped = layer.bytes;
  build.report.gzipped_sampled = layer.sampled;
}

/// Of a bundle that starts in place: what its trial found. An extracted one needs a place that a
/// trial has no right to take.
std::string trial_of(const Build& build, const std::string& file) {
  if (build.report.start.mode != "in-place") return "";
  if (build.options.no_trial) return "not run: --no-trial";
  return try_bundle(file, build.plan, build.files, build.output);
}

void write_bundle(Build& build) {
  const BuildOptions& options = build.options;
  Report& report = build.report;
  report.compression = options.compress;
  StartDecision start = decide_start(build.plan, build.files, mode_of(options.mode));
  describe_start(build, start);
  if (start.mode == "in-place") {
    for (std::string& warning : raw_call_warnings(build.files, start.rewritten)) {
      build.plan.warnings.push_back(std::move(warning));
    }
  }
  if (options.dry_run) return;

  auto fill_stored = [](Report& filled, const std::map<std::string, std::uint64_t>& stored) {
    for (ReportFile& file : filled.files) {
      auto found = stored.find(file.path);
      file.stored = found == stored.end() ? 0 : found->second;
    }
  };
  std::optional<Progress> progress;
  std::uint64_t done = 0;
  std::optional<FrameCache> cache;
  if (!options.no_cache && options.compress != "none") cache.emplace(FrameCache::users_folder());
  OnefileOptions onefile{.compression = compression_of(options.compress),
                         .threads = options.threads,
                         .cache = cache ? &*cache : nullptr,
                         .workdir = options.workdir,
                         .time = source_date_epoch()};
  if (options.user) {
    onefile.user = options.user->user;
    onefile.group = options.user->group;
  }
  onefile.licences = joined_licences(build);
  onefile.note = package_note(report, options.label);
  onefile.manifest = [&](const std::map<std::string, std::uint64_t>& stored) {
    Report manifest = report;
    fill_stored(manifest, stored);
    return to_manifest(manifest);
  };
  onefile.progress = [&](std::uint64_t now, std::uint64_t total) {
    if (!progress) progress.emplace("writing " + build.output, total);
    progress->advance(now - done);
    done = now;
  };
  onefile.check = [&](const std::string& file) {
    progress.reset();
    report.start.trial = trial_of(build, file);
  };
  OnefileResult result = write_onefile(build.plan, build.files, start, onefile, build.output);
  progress.reset();
  if (cache && options.verbose && !cache->trouble().empty()) {
    fmt::print(stderr, "scratchpack: note: compressed frames are not kept: {}\n", cache->trouble());
  }
  report.bytes = result.bytes;
  fill_stored(report, result.stored);
  if (!options.quiet) measure_layer_of_file(build);
}

void write_archive(Build& build) {
  store_as_is(build.report);
  if (build.options.dry_run) return;
  Progress progress("writing " + build.output, content_size(build.files));
  build.report.bytes = write_tar_file(build.files, source_date_epoch(), build.output,
                                      [&](std::uint64_t bytes) { progress.advance(bytes); });
  if (!build.options.quiet) measure_layer_of_file(build);
}

void write_folder(Build& build) {
  store_as_is(build.report);
  if (build.options.dry_run) return;
  std::uint64_t total = content_size(build.files);
  {
    Progress progress("writing " + build.output, total);
    build.report.bytes =
        write_directory(build.files, source_date_epoch(), build.output, build.options.force,
                        [&](std::uint64_t bytes) { progress.advance(bytes); });
  }
  if (build.options.quiet) return;
  LayerMeter meter(total, false, build.options.threads);
  write_tar(build.files, source_date_epoch(),
            [&](std::span<const std::uint8_t> bytes) { meter.feed(bytes); });
  LayerSize layer = meter.result();
  build.report.gzipped = layer.bytes;
  build.report.gzipped_sampled = layer.sampled;
}

constexpr Format kFormats[] = {
    {"onefile", ".bundle", PayloadKind::bundle, &write_bundle},
    {"oci", ".oci.tar", PayloadKind::image, &write_oci_image},
    {"docker", ".docker.tar", PayloadKind::image, &write_docker_image},
    {"tar", ".tar", PayloadKind::tar, &write_archive},
    {"dir", ".dir", PayloadKind::folder, &write_folder},
};

}  // namespace

std::uint64_t content_size(const FileSet& files) {
  std::uint64_t size = 0;
  for (const auto& [path, entry] : files) size += entry.size;
  return size;
}

void store_as_is(Report& report) {
  report.start.mode = "native";
  for (ReportFile& file : report.files) file.stored = file.size;
}

const Format& format_of(const BuildOptions& options) {
  return *std::find_if(std::begin(kFormats), std::end(kFormats),
                       [&](const Format& format) { return format.name == options.format; });
}

bool is_root_file_system(const BuildOptions& options) {
  return format_of(options).kind != PayloadKind::bundle;
}

}  // namespace scratchpack
