#include "bundler/build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/progress.h"
#include "bundler/build_from_image.h"
#include "bundler/build_image.h"
#include "bundler/build_job.h"
#include "bundler/build_profiles.h"
#include "bundler/build_python.h"
#include "bundler/content/data_programs.h"
#include "bundler/content/licences.h"
#include "bundler/content/provenance.h"
#include "bundler/content/strip.h"
#include "bundler/cyclonedx.h"
#include "bundler/find/add.h"
#include "bundler/find/c_library.h"
#include "bundler/find/dlopen.h"
#include "bundler/find/locale.h"
#include "bundler/find/plan_profile.h"
#include "bundler/find/recipe.h"
#include "bundler/find/resolve.h"
#include "bundler/find/script.h"
#include "bundler/python/pyinstaller.h"
#include "bundler/sbom.h"
#include "bundler/self_bundle.h"
#include "bundler/summary.h"
#include "bundler/write/depfile.h"
#include "bundler/write/directory.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

// ---- before any work -----------------------------------------------------------------------

/// The application as an absolute path inside the root. A name alone means the file beside us, as
/// for a compiler, or else the command of that name.
std::string application_path(const BuildOptions& options) {
  if (!options.module.empty()) return module_application(options.module);
  std::string name = options.application;
  if (options.sysroot != "/") return name.starts_with('/') ? name : "/" + name;
  std::error_code code;
  if (name.find('/') == std::string::npos && !fs::exists(name, code)) name = in_search_path(name);
  if (fs::is_directory(name, code)) return fs::canonical(name).string();
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
  if (format.kind == PayloadKind::folder) {
    check_output_directory(build.output, options.force);
  } else {
    check_output_file(build.output);
  }
  for (const std::string& beside : {options.sbom, options.depfile}) {
    if (!beside.empty()) check_output_file(beside);
  }
  if (options.emit_dockerfile) {
    check_docker_context(docker_context(options, build.plan, build.output, format.kind));
  }
}

// ---- what goes in --------------------------------------------------------------------------

/// What `--env` or the image sets goes before what a recipe would set.
void add_environment(Plan& plan, const Build& build) {
  std::vector<EnvironmentEdit> edits;
  std::set<std::string> named;
  for (const KeyValue& pair : build.options.env) {
    named.insert(pair.key);
    const bool images = build.image != nullptr && build.image->sets(pair.key);
    edits.push_back({.name = pair.key,
                     .value = pair.value,
                     .reason = images ? "the image's configuration" : "--env"});
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

/// Added to the root file system of a static program, whose calls no longer tell what it needs.
void add_static_recipes(RecipeOptions& recipes) {
  auto all = std::find(recipes.excluded.begin(), recipes.excluded.end(), "*");
  if (all != recipes.excluded.end()) return;
  for (const char* name : {"nss", "tls", "tz", "users"}) recipes.added.emplace_back(name);
}

std::vector<Profile*> pointers_to(std::vector<NamedProfile>& profiles) {
  std::vector<Profile*> pointers;
  pointers.reserve(profiles.size());
  for (NamedProfile& each : profiles) pointers.push_back(&each.profile);
  return pointers;
}

RecipeOptions recipe_options(const Build& build, const Plan& plan,
                             const std::vector<NamedProfile>& profiles) {
  const BuildOptions& options = build.options;
  RecipeOptions recipes{.added = options.recipe, .excluded = options.no_recipe, .tz = options.tz};
  const std::vector<std::string> replaced = recipes_replaced(build);
  recipes.excluded.insert(recipes.excluded.end(), replaced.begin(), replaced.end());
  if (plan.kind == ApplicationKind::static_elf && is_root_file_system(options)) {
    add_static_recipes(recipes);
  }
  if (!options.prune) return recipes;
  Profile all;
  for (const NamedProfile& each : profiles) all.merge(each.profile);
  recipes.used = used_files(build.sysroot, all);
  return recipes;
}

/// What files load by themselves and what recipes add, in turn until nothing new comes in: either
/// may bring what the other knows more of.
void follow_run_time_needs(Plan& plan, const Build& build, const ResolveOptions& resolve,
                           const RecipeOptions& recipes) {
  const BuildOptions& options = build.options;
  DlopenFinder finder(plan, build.sysroot, resolve,
                      options.dlopen == "auto"   ? DlopenChoice::automatic
                      : options.dlopen == "none" ? DlopenChoice::none
                                                 : DlopenChoice::notes);
  std::size_t wants = 0;
  do {
    finder.follow();
    wants = plan.wants.size();
    apply_recipes(plan, build.sysroot, recipes, resolve);
  } while (plan.wants.size() != wants);
  finder.note_unloaded();
}

Plan make_plan(const Build& build) {
  const BuildOptions& options = build.options;
  ResolveOptions resolve{.library_path = library_path(options),
                         .hwcaps = options.hwcaps,
                         .commands_known = build.image != nullptr};
  Plan plan = build.python ? plan_python_start(*build.python, build.sysroot, resolve)
                           : plan_application(build.sysroot, build.plan.application, resolve);
  if (!build.python) plan_pyinstaller(plan, build.sysroot, resolve);
  for (const std::string& spec : options.add_binary) {
    plan_added_binary(plan, spec, options.workdir, build.sysroot, resolve);
  }
  for (const std::string& spec : options.add_data) {
    plan_data(plan, spec, options.workdir, build.sysroot, resolve);
  }
  if (build.image != nullptr) {
    plan_known_files(plan, build.sysroot, build.image->files(), "the image", resolve);
    plan.warnings.insert(plan.warnings.end(), build.image->warnings().begin(),
                         build.image->warnings().end());
  }
  std::vector<NamedProfile> profiles = profiles_of(build, plan);
  RecipeOptions recipes = recipe_options(build, plan, profiles);
  if (build.python) plan_python_application(plan, build, pointers_to(profiles), resolve);
  // Before what was seen in use, as a recipe may change a file (Python's byte code).
  if (!profiles.empty()) apply_recipes(plan, build.sysroot, recipes, resolve);
  for (const NamedProfile& each : profiles) {
    plan_profile(plan, build.sysroot, each.profile, each.name, resolve);
    plan.written.insert(each.profile.written.begin(), each.profile.written.end());
  }
  follow_run_time_needs(plan, build, resolve, recipes);
  plan_locales(plan, build.sysroot, options.locale);
  add_environment(plan, build);
  plan.arguments.insert(plan.arguments.end(), options.arguments.begin(), options.arguments.end());
  if (is_root_file_system(options)) {
    for (Want& want : c_library(plan, build.sysroot)) plan.wants.push_back(std::move(want));
  }
  plan_ld_cache(plan, build.sysroot);  // last, as it lists what all the others brought
  return plan;
}

/// A directory and those above it, where the set has nothing yet. Behind a link it is left to the
/// container engine, which makes the working directory when it starts.
void add_directory(FileSet& files, const std::string& path) {
  for (std::size_t end = 1; end < path.size(); ++end) {
    end = std::min(path.find('/', end), path.size());
    FileEntry entry{.kind = FileKind::directory, .mode = 0755, .reason = "--workdir"};
    auto place = files.try_emplace(path.substr(0, end), std::move(entry)).first;
    if (place->second.kind != FileKind::directory) return;
  }
}

/// What a bundle's launcher does when it starts, done once for a root file system: the user it runs
/// as has a name. And /tmp, which every program may need, and the directory it starts in.
void complete_root(FileSet& files, const BuildOptions& options) {
  const Identity user = options.user.value_or(ImageConfiguration{}.user);
  for (auto& [path, entry] : files) {
    if (!entry.append_user || !entry.content) continue;
    add_account(*entry.content, user, path.ends_with("group"));
    entry.size = entry.content->size();
  }
  FileEntry& shared =
      files
          .try_emplace("/tmp", FileEntry{.kind = FileKind::directory,
                                         .reason = "what every root file system has"})
          .first->second;
  if (shared.kind == FileKind::directory) shared.mode = 01777;
  add_directory(files, options.workdir);
}

/// The file set, with what is known of where its files come from.
void collect_files(Build& build) {
  const BuildOptions& options = build.options;
  std::vector<std::string>& warnings = build.plan.warnings;
  Exclude excluded(options.exclude);
  build.files = collect(build.plan, build.sysroot, excluded, &warnings);
  note_data_programs(build.plan, build.files);
  build.packages = name_packages(build.files, build.sysroot);
  if (is_root_file_system(options)) {
    complete_root(build.files, options);
    add_provenance(build.files, build.packages, build.sysroot, excluded, &warnings);
  }
  build.licences = licence_texts(build.packages, build.sysroot, excluded);
  note_unused(excluded, warnings);
  if (options.strip) {
    strip_files(build.files, {options.keep_symbols, options.threads}, warnings);
  }
}

// ---- afterwards ----------------------------------------------------------------------------

/// The files and listed directories the output is made of. Two kinds would make it old for ever,
/// or for nothing: the directory it is itself written to, and the package database, which only
/// names what the other inputs hold.
std::set<std::string> inputs_of(const Build& build) {
  std::set<std::string> files = build.sysroot.files_read();
  std::string database = normal_path(build.sysroot.root() + "/var/lib/dpkg") + "/";
  std::erase_if(files, [&](const std::string& file) { return file.starts_with(database); });
  for (const auto& [path, entry] : build.files) {
    if (!entry.source.empty()) files.insert(entry.source);
  }
  if (build.image != nullptr) {
    std::erase_if(files, [&](const std::string& file) { return build.image->holds(file); });
    files.insert(build.options.from_image);
  }
  for (const std::string& written : {build.output, build.options.depfile}) {
    files.erase(fs::weakly_canonical(written).parent_path());
  }
  if (!build.options.config.empty()) files.insert(build.options.config);
  files.insert(build.options.profile.begin(), build.options.profile.end());
  for (const std::string& recipe : build.options.recipe) {
    if (fs::is_regular_file(recipe)) files.insert(recipe);
  }
  return files;
}

/// An unpacked image is gone in the end: its files came from nowhere that the user could look.
void forget_temporary_sources(Build& build) {
  if (build.image == nullptr) return;
  for (ReportFile& file : build.report.files) {
    if (build.image->holds(file.source)) file.source.clear();
  }
}

void write_beside(Build& build) {
  const BuildOptions& options = build.options;
  if (options.dry_run) return;
  if (options.emit_dockerfile) {
    std::vector<std::string> warnings = write_docker_context(
        docker_context(options, build.plan, build.output, format_of(options).kind));
    build.plan.warnings.insert(build.plan.warnings.end(), warnings.begin(), warnings.end());
  }
  if (!options.sbom.empty()) {
    write_sbom(cyclonedx(build.report, build.digests, source_date_epoch()), options.sbom);
  }
  if (!options.depfile.empty()) write_depfile(build.output, inputs_of(build), options.depfile);
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
      run = run_lines(options, build.plan, build.output, format_of(options).kind,
                      build.report.written);
    }
    fmt::print("{}", summary_text(build.report, run, options.verbose, may_style(STDOUT_FILENO)));
    if (build.image != nullptr) fmt::print("{}", build.image->remainder_text(build.files));
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

// ---- the two-stage form --------------------------------------------------------------------

/// The Dockerfile, and beside it the bundler itself, which the build stage runs.
void build_multi_stage(const BuildOptions& options) {
  DockerContext context = multi_stage_context(options);
  check_docker_context(context);
  if (options.dry_run) return;
  write_self_bundle(fs::path(context.dockerfile).parent_path() / kToolName, options.force);
  for (const std::string& warning : write_docker_context(context)) {
    fmt::print(stderr, "scratchpack: warning: {}\n", warning);
  }
  Plan plan;
  plan.application = stage_application(options);
  Report report;
  report.application = plan.application;
  report.format = options.format;
  report.output = context.dockerfile;
  if (options.json) {
    fmt::print("{}", to_json(report));
  } else if (!options.quiet) {
    fmt::print("{}: makes and bundles {} in a build stage\n\nRun it:\n  {}\n", context.dockerfile,
               plan.application, run_lines(options, plan, context.output, context.kind).at(0));
  }
}

// ---- the stages ----------------------------------------------------------------------------

void build_application(const BuildOptions& options, const ImageSource* image) {
  Build build{
      .options = options, .sysroot = Sysroot(options.sysroot), .output = {}, .image = image};
  build.plan.application = application_path(options);
  if (image == nullptr) {  // an image's interpreter is not run here
    build.python = python_application(options, build.sysroot, build.plan.application);
  }
  build.output = output_path(options, build.plan.application);
  check_targets(build);

  build.plan = make_plan(build);
  refuse_missing(build);
  collect_files(build);
  build.digests = content_digests(build.files, options.threads);

  describe(build);
  forget_temporary_sources(build);
  format_of(options).write(build);
  write_beside(build);
  tell(build);
}

}  // namespace

void build(const BuildOptions& options) {
  if (options.quiet) Progress::disable();
  if (options.multi_stage) return build_multi_stage(options);
  if (options.from_image.empty()) return build_application(options, nullptr);
  const ImageSource image(options);
  build_application(image.options(), &image);
}

}  // namespace scratchpack
