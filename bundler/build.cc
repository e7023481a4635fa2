#include "bundler/build.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/progress.h"
#include "bundler/build_image.h"
#include "bundler/content/file_set.h"
#include "bundler/content/start.h"
#include "bundler/find/add.h"
#include "bundler/find/recipe.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"
#include "bundler/report.h"
#include "bundler/summary.h"
#include "bundler/write/depfile.h"
#include "bundler/write/directory.h"
#include "bundler/write/layer_size.h"
#include "bundler/write/onefile.h"
#include "bundler/write/tar.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

/// What the stages hand on to each other.
struct Build {
  const BuildOptions& options;
  Sysroot sysroot;
  std::string output;
  Plan plan = {};
  FileSet files = {};
  Report report = {};
};

void write_bundle(Build& build);
void write_archive(Build& build);
void write_folder(Build& build);

/// The table of formats.
struct Format {
  const char* name;
  const char* suffix;
  PayloadKind kind;
  void (*write)(Build&);
};
constexpr Format kFormats[] = {
    {"onefile", ".bundle", PayloadKind::bundle, &write_bundle},
    {"tar", ".tar", PayloadKind::tar, &write_archive},
    {"dir", ".dir", PayloadKind::folder, &write_folder},
};

const Format& format_of(const BuildOptions& options) {
  return *std::find_if(std::begin(kFormats), std::end(kFormats),
                       [&](const Format& format) { return format.name == options.format; });
}

// ---- before any work -----------------------------------------------------------------------

/// The first file of this name in PATH, as a shell would run it.
std::string in_search_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    std::string candidate = folder + "/" + name;
    if (fs::is_regular_file(candidate) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return name;
}

/// The application as an absolute path inside the root. A name alone means the file beside us, as
/// for a compiler, or else the command of that name.
std::string application_path(const BuildOptions& options) {
  std::string name = options.application;
  if (options.sysroot != "/") return name.starts_with('/') ? name : "/" + name;
  std::error_code code;
  if (name.find('/') == std::string::npos && !fs::exists(name, code)) name = in_search_path(name);
  fs::path path = fs::absolute(name);
  // `..` behind a link is not what the text says.
  fs::path parent = fs::weakly_canonical(path.parent_path(), code);
  bool indirect = path.lexically_normal() != path;
  return indirect && !code ? (parent / path.filename()).string() : path.string();
}

std::string output_path(const BuildOptions& options, const std::string& application) {
  if (!options.output.empty()) return options.output;
  return fs::path(application).filename().string() + format_of(options).suffix;
}

/// Refuses what writing would refuse in the end, before minutes are spent.
void check_targets(const Build& build) {
  const BuildOptions& options = build.options;
  if (options.dry_run) return;
  std::error_code code;
  if (fs::equivalent(build.output, build.sysroot.host_path(build.plan.application).value_or(""),
                     code)) {
    throw Error(fmt::format("write {}: is the application itself (name another with --output)",
                            build.output));
  }
  const Format& format = format_of(options);
  if (format.kind == PayloadKind::folder) check_output_directory(build.output, options.force);
  if (options.emit_dockerfile) {
    check_docker_context(docker_context(options, build.plan, build.output, format.kind));
  }
}

// ---- what goes in --------------------------------------------------------------------------

/// What `--env` sets goes before what a recipe would set.
void add_environment(Plan& plan, const BuildOptions& options) {
  std::vector<EnvironmentEdit> edits;
  std::set<std::string> named;
  for (const KeyValue& pair : options.env) {
    named.insert(pair.key);
    edits.push_back({.name = pair.key, .value = pair.value, .reason = "--env"});
  }
  for (EnvironmentEdit& edit : plan.environment) {
    if (!named.contains(edit.name)) edits.push_back(std::move(edit));
  }
  plan.environment = std::move(edits);
}

/// Directories of --library-path, absolute inside the root file system.
std::vector<std::string> library_path(const BuildOptions& options) {
  std::vector<std::string> directories;
  for (const std::string& directory : options.library_path) {
    const bool on_machine = options.sysroot == "/";
    const std::string path = on_machine ? fs::absolute(directory).string() : "/" + directory;
    directories.push_back(normal_path(path));
  }
  return directories;
}

Plan make_plan(const Build& build) {
  const BuildOptions& options = build.options;
  ResolveOptions resolve{.library_path = library_path(options), .hwcaps = options.hwcaps};
  Plan plan = plan_application(build.sysroot, build.plan.application, resolve);
  for (const std::string& spec : options.add_binary) {
    plan_added_binary(plan, spec, options.workdir, build.sysroot, resolve);
  }
  for (const std::string& spec : options.add_data) plan_data(plan, spec, options.workdir);
  apply_recipes(plan, build.sysroot,
                {.added = options.recipe, .excluded = options.no_recipe, .tz = options.tz},
                resolve);
  add_environment(plan, options);
  plan.arguments.insert(plan.arguments.end(), options.arguments.begin(), options.arguments.end());
  plan_ld_cache(plan, build.sysroot);  // last, as it lists what all the others brought
  return plan;
}

/// Every program may need it, and an image FROM scratch has none.
void add_temporary_folder(FileSet& files) {
  files.try_emplace("/tmp", FileEntry{.kind = FileKind::directory,
                                      .mode = 01777,
                                      .reason = "what every root file system has"});
}

// ---- the report ----------------------------------------------------------------------------

const char* kind_name(FileKind kind) {
  return kind == FileKind::directory ? "directory" : kind == FileKind::symlink ? "symlink" : "file";
}

void describe(Build& build) {
  const Plan& plan = build.plan;
  Report& report = build.report;
  report.application = plan.application;
  report.format = build.options.format;
  report.output = build.output;
  report.interpreter = plan.interpreter;
  report.missing = plan.missing;
  report.launch = {.program = plan.application,
                   .arguments = build.options.arguments,
                   .environment = plan.environment,
                   .workdir = build.options.workdir};
  if (build.options.user) {
    report.launch.user = fmt::format("{}:{}", build.options.user->user, build.options.user->group);
  }
  for (const auto& [path, entry] : build.files) {
    report.files.push_back({.path = path,
                            .kind = kind_name(entry.kind),
                            .target = entry.target,
                            .source = entry.source,
                            .size = entry.size,
                            .mode = entry.mode,
                            .reason = entry.reason,
                            .package = entry.package});
  }
}

std::uint64_t content_size(const FileSet& files) {
  std::uint64_t size = 0;
  for (const auto& [path, entry] : files) size += entry.size;
  return size;
}

/// A root file system stores its files as they are.
void store_as_is(Report& report) {
  report.start.mode = "native";
  for (ReportFile& file : report.files) file.stored = file.size;
}

void describe_start(Report& report, const StartDecision& start) {
  report.start = {start.mode, start.why, start.unserved};
  for (const auto& [path, rewritten] : start.rewritten) {
    ReportRewrite rewrite{.path = path};
    for (const RewriteSite& site : rewritten.sites) {
      rewrite.sites.push_back(
          {site.address, site.number, site.kind == RewriteSite::Kind::moved ? "moved" : "kept"});
    }
    report.rewrites.push_back(std::move(rewrite));
  }
}

// ---- the formats ---------------------------------------------------------------------------

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
  LayerMeter meter(output.bytes().size(), build.options.threads);
  meter.feed(output.bytes());
  LayerSize layer = meter.result();
  build.report.gzipped = layer.bytes;
  build.report.gzipped_sampled = layer.sampled;
}

void write_bundle(Build& build) {
  const BuildOptions& options = build.options;
  Report& report = build.report;
  report.compression = options.compress;
  StartDecision start = decide_start(build.plan, build.files, mode_of(options.mode));
  describe_start(report, start);
  if (options.dry_run) return;

  auto fill_stored = [](Report& filled, const std::map<std::string, std::uint64_t>& stored) {
    for (ReportFile& file : filled.files) {
      auto found = stored.find(file.path);
      file.stored = found == stored.end() ? 0 : found->second;
    }
  };
  std::optional<Progress> progress;
  std::uint64_t done = 0;
  OnefileOptions onefile{.compression = compression_of(options.compress),
                         .threads = options.threads,
                         .workdir = options.workdir,
                         .time = source_date_epoch()};
  if (options.user) {
    onefile.user = options.user->user;
    onefile.group = options.user->group;
  }
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
  OnefileResult result = write_onefile(build.plan, build.files, start, onefile, build.output);
  progress.reset();
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
  LayerMeter meter(total, build.options.threads);
  write_tar(build.files, source_date_epoch(),
            [&](std::span<const std::uint8_t> bytes) { meter.feed(bytes); });
  LayerSize layer = meter.result();
  build.report.gzipped = layer.bytes;
  build.report.gzipped_sampled = layer.sampled;
}

// ---- afterwards ----------------------------------------------------------------------------

void write_beside(Build& build) {
  const BuildOptions& options = build.options;
  if (options.dry_run) return;
  if (options.emit_dockerfile) {
    std::vector<std::string> warnings = write_docker_context(
        docker_context(options, build.plan, build.output, format_of(options).kind));
    build.plan.warnings.insert(build.plan.warnings.end(), warnings.begin(), warnings.end());
  }
  if (options.depfile.empty()) return;
  std::set<std::string> files = build.sysroot.files_read();
  for (const auto& [path, entry] : build.files) {
    if (!entry.source.empty()) files.insert(entry.source);
  }
  write_depfile(build.output, files, options.depfile);
}

void print_warnings(const Build& build) {
  for (const std::string& warning : build.plan.warnings) {
    fmt::print(stderr, "scratchpack: warning: {}\n", warning);
  }
}

void tell(Build& build) {
  const BuildOptions& options = build.options;
  build.report.warnings = build.plan.warnings;
  print_warnings(build);
  if (options.json) {
    fmt::print("{}", to_json(build.report));
  } else if (!options.quiet) {
    RunLines run;
    if (!options.dry_run) {
      run = run_lines(options, build.plan, build.output, format_of(options).kind);
    }
    fmt::print("{}", summary_text(build.report, run, options.verbose, may_style(STDOUT_FILENO)));
  }
}

/// Nothing is written when a library is missing: the program would not start.
void refuse_missing(Build& build) {
  const std::vector<Missing>& missing = build.plan.missing;
  if (missing.empty()) return;
  describe(build);
  build.report.output.clear();
  print_warnings(build);
  if (build.options.json) fmt::print("{}", to_json(build.report));
  throw Error(
      fmt::format("build {}: {} {} missing (install what brings it, or name its folder with "
                  "--library-path)\n{}",
                  build.plan.application, missing.size() == 1 ? missing[0].name : "libraries",
                  missing.size() == 1 ? "is" : "are", missing_text(missing)));
}

}  // namespace

void build(const BuildOptions& options) {
  if (options.quiet) Progress::disable();
  if (options.multi_stage) return emit_multi_stage(options);

  Build build{.options = options, .sysroot = Sysroot(options.sysroot), .output = {}};
  build.plan.application = application_path(options);
  build.output = output_path(options, build.plan.application);
  check_targets(build);

  build.plan = make_plan(build);
  refuse_missing(build);
  build.files = collect(build.plan, build.sysroot, options.exclude, &build.plan.warnings);
  if (format_of(options).kind != PayloadKind::bundle) add_temporary_folder(build.files);
  name_packages(build.files, build.sysroot);

  describe(build);
  build.report.root = content_root(build.files);
  format_of(options).write(build);
  write_beside(build);
  tell(build);
}

}  // namespace scratchpack
