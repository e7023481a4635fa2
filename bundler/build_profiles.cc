#include "bundler/build_profiles.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "bundler/base/error.h"
#include "bundler/build_from_image.h"
#include "bundler/build_image.h"
#include "bundler/health_trace.h"
#include "bundler/trace.h"
#include "bundler/trace/end_of_run.h"
#include "bundler/trace/tracer.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

/// The application as its bundle starts it: with what is behind `--` in front of `words`.
Words application_words(const Build& build, const Plan& plan, const Words& words) {
  Words command = start_command(plan);
  const Words& arguments = build.options.arguments;
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

/// Where it is at home: on this machine or inside the image. Its words go to standard error.
Traced trace_command(const Build& build, const Words& command) {
  return build.image != nullptr ? build.image->trace(command)
                                : trace({.command = command, .output_to_errors = true});
}

/// One run of the application while building.
Profile traced_run(const Build& build, const Plan& plan, const Words& words) {
  const unsigned seconds = build.options.trace_time;
  const EndOfRun end(seconds);
  Traced traced = trace_command(build, application_words(build, plan, words));
  if (!traced.refusal.empty()) throw Error(traced.refusal);
  warn_of_private(traced.profile.private_files);
  if (traced.status != 0 && !(seconds != 0 && traced.status == 128 + SIGTERM)) {
    fmt::print(stderr, "scratchpack: warning: --trace-run: {} ended with status {}\n",
               plan.application, traced.status);
  }
  return std::move(traced.profile);
}

/// The health check as it runs on this machine; empty where there is none, or where its program is
/// not of this machine.
Words health_words(const Build& build, const Plan& plan) {
  const BuildOptions& options = build.options;
  Words words = options.healthcheck;
  if (words.empty()) return words;
  if (!names_application(options, plan.application, words[0])) {
    return build.sysroot.resolve(words[0]) ? words : Words{};
  }
  words.erase(words.begin());
  // A root file system has its arguments in the entrypoint, which a check does not go through.
  if (!is_root_file_system(options)) return application_words(build, plan, words);
  Words command = start_command(plan);
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

Profile checked_health(HealthTrace& check, const std::string& name) {
  HealthTrace::Result result = check.end();
  warn_of_private(result.profile.private_files);
  if (!result.failure.empty()) {
    fmt::print(stderr,
               "scratchpack: warning: --healthcheck {}: {}: what it uses may be missing (let a run "
               "last until it succeeds, see --trace-time, or trace it with --trace-run)\n",
               name, result.failure);
  }
  return std::move(result.profile);
}

std::vector<NamedProfile> traced_runs(const Build& build, const Plan& plan) {
  std::vector<NamedProfile> profiles;
  if (build.options.trace_run.empty()) return profiles;
  std::optional<HealthTrace> check;
  if (const Words words = health_words(build, plan); !words.empty()) {
    check.emplace([&build, words] { return trace_command(build, words); });
  }
  for (const Words& words : build.options.trace_run) {
    profiles.push_back({"--trace-run", traced_run(build, plan, words)});
  }
  if (check) {
    const std::string name = fmt::format("{}", fmt::join(build.options.healthcheck, " "));
    profiles.push_back({"--healthcheck", checked_health(*check, name)});
  }
  return profiles;
}

}  // namespace

std::vector<NamedProfile> profiles_of(const Build& build, const Plan& plan) {
  std::vector<NamedProfile> profiles;
  for (const std::string& file : build.options.profile) {
    profiles.push_back({fs::path(file).filename().string(), load_profile(file)});
  }
  for (NamedProfile& each : traced_runs(build, plan)) profiles.push_back(std::move(each));
  return profiles;
}

}  // namespace scratchpack
