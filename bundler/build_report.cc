#include <fmt/format.h>

#include <set>

#include "bundler/base/path_text.h"
#include "bundler/build_job.h"
#include "bundler/content/licences.h"

namespace scratchpack {
namespace {

const char* kind_name(FileKind kind) {
  return kind == FileKind::directory ? "directory" : kind == FileKind::symlink ? "symlink" : "file";
}

/// Of each file of the set the libraries that it asks for, as far as they are in.
std::map<std::string, std::set<std::string>> needs_of(const Build& build) {
  std::map<std::string, std::set<std::string>> needs;
  for (const Need& need : build.plan.needs) {
    const auto by = resolve_in(build.files, need.by);
    const auto library = resolve_in(build.files, need.library);
    if (by && library && by != library) needs[*by].insert(*library);
  }
  return needs;
}

void describe_files(Build& build) {
  const std::map<std::string, std::set<std::string>> needs = needs_of(build);
  for (const auto& [path, entry] : build.files) {
    build.report.files.push_back({.path = path,
                                  .kind = kind_name(entry.kind),
                                  .target = entry.target,
                                  .source = entry.source,
                                  .size = entry.size,
                                  .mode = entry.mode,
                                  .stripped = entry.stripped,
                                  .unstripped = entry.unstripped,
                                  .reason = entry.reason,
                                  .package = entry.package});
    if (const auto found = needs.find(path); found != needs.end()) {
      build.report.files.back().needs.assign(found->second.begin(), found->second.end());
    }
  }
}

void describe_packages(Build& build) {
  for (const auto& [named, package] : build.packages) {
    ReportPackage one{.name = package.name,
                      .version = package.version,
                      .architecture = package.architecture,
                      .source = package.source,
                      .source_version = package.source_version};
    if (const auto text = build.licences.find(licence_path(package));
        text != build.licences.end()) {
      one.licences = declared_licences(text->second);
      one.licence_file = text->first;
    }
    build.report.packages.push_back(std::move(one));
  }
}

/// Where a container has to let it write. Not beside files of the bundle: natively caches are
/// written there, as byte code beside modules. Nor above files that lie in the root file system,
/// which a mount would hide; the root itself takes none.
std::vector<std::string> written_places(const Build& build) {
  std::set<std::string> places = build.plan.written;
  places.erase("/");
  const bool hides = is_root_file_system(build.options);
  for (const auto& [path, entry] : build.files) {
    if (entry.kind == FileKind::directory) continue;
    std::string folder = directory_of(path);
    places.erase(folder);
    while (hides && !places.empty() && folder != "/") places.erase(folder = directory_of(folder));
  }
  return {places.begin(), places.end()};
}

std::string user_text(const BuildOptions& options) {
  return options.user ? fmt::format("{}:{}", options.user->user, options.user->group) : "";
}

/// The start that an image configuration asks for.
Launch native_launch(const Build& build) {
  const Plan& plan = build.plan;
  Launch launch{.mode = "native",
                .program = plan.launch_path,
                .interpreter = plan.interpreter,
                .named = plan.application,
                .arguments = build.options.arguments,
                .workdir = build.options.workdir,
                .user = user_text(build.options)};
  for (const EnvironmentEdit& edit : plan.environment) {
    if (!edit.extracted_only) launch.environment.push_back(edit);
  }
  return launch;
}

/// The start of a bundle, as its launch record will say.
Launch bundle_launch(const Build& build, const StartDecision& start) {
  const Plan& plan = build.plan;
  return {.mode = start.mode,
          .program = start.program,
          .interpreter = start.interpreter,
          .named = plan.application,
          .argv0 = plan.argv0,
          .arguments = plan.arguments,
          .environment = plan.environment,
          .workdir = build.options.workdir,
          .user = user_text(build.options)};
}

}  // namespace

void describe(Build& build) {
  const Plan& plan = build.plan;
  Report& report = build.report;
  report.application = plan.application;
  report.format = build.options.format;
  report.output = build.output;
  report.interpreter = plan.interpreter;
  report.missing = plan.missing;
  report.unloaded = plan.unloaded;
  report.unfound = plan.unfound;
  report.written = written_places(build);
  report.pruned = plan.pruned;
  if (report.pruned) {
    // What one recipe would have brought, another file may have needed.
    std::erase_if(report.pruned->files,
                  [&](const auto& file) { return build.files.contains(file.first); });
  }
  report.launch = {.program = plan.application,
                   .arguments = build.options.arguments,
                   .environment = plan.environment,
                   .workdir = build.options.workdir};
  report.launch.user = user_text(build.options);
  describe_files(build);
  describe_packages(build);
  report.distribution = read_distribution(build.sysroot);
  report.root = content_root(build.files, build.digests, native_launch(build));
  report.root_covers = kRootCovers;
}

void describe_start(Build& build, const StartDecision& start) {
  Report& report = build.report;
  report.root = content_root(build.files, build.digests, bundle_launch(build, start));
  report.start = {start.mode, start.why, start.unserved, ""};
  for (const auto& [path, rewritten] : start.rewritten) {
    ReportRewrite rewrite{.path = path};
    for (const RewriteSite& site : rewritten.sites) {
      rewrite.sites.push_back({site.address, site.number,
                               site.kind == RewriteSite::Kind::moved ? "moved" : "kept", ""});
    }
    report.rewrites.push_back(std::move(rewrite));
  }
}

std::string joined_licences(Build& build) {
  std::string all;
  std::map<std::string_view, std::uint64_t> places;
  for (const auto& [path, text] : build.licences) {
    const auto [place, fresh] = places.emplace(text, all.size());
    if (fresh) all += text;
    build.report.licences.push_back({path, place->second, text.size()});
  }
  return all;
}

}  // namespace scratchpack
