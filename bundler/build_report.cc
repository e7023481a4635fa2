#include <fmt/format.h>

#include "bundler/build_job.h"

namespace scratchpack {
namespace {

const char* kind_name(FileKind kind) {
  return kind == FileKind::directory ? "directory" : kind == FileKind::symlink ? "symlink" : "file";
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
  report.pruned = plan.pruned;
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

void describe_start(Report& report, const StartDecision& start) {
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

}  // namespace scratchpack
