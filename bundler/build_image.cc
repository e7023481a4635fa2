#include "bundler/build_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "bundler/base/error.h"
#include "bundler/build_job.h"
#include "bundler/python/application.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

/// Names that a container has, or our own archive brings.
const std::set<std::string> kTaken = {"dev", "etc", "proc", "sys", "tmp", "run"};

std::string base_name(const std::string& path) { return fs::path(path).filename(); }

std::string dockerfile_path(const BuildOptions& options, const std::string& output) {
  if (!options.emit_dockerfile->empty()) return *options.emit_dockerfile;
  return options.multi_stage ? "Dockerfile"
                             : (fs::path(output).parent_path() / "Dockerfile").string();
}

/// What `docker build -t` takes: small letters, digits and dashes.
std::string image_name(const std::string& application) {
  std::string name;
  for (char c : base_name(application)) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter || (c >= 'A' && c <= 'Z')) {
      name += letter ? c : static_cast<char>(c + ('a' - 'A'));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "app" : name;
}

std::string joined(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(shell_quoted(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

/// What starts a root file system: the application itself, a script by its `#!`.
std::vector<std::string> native_command(const BuildOptions& options, const Plan& plan) {
  std::vector<std::string> command = start_command(plan);
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  return command;
}

/// A health check's program by its absolute path; the application may be named in short, and is
/// started by `start`.
std::vector<std::string> health_command(const BuildOptions& options, const Plan& plan,
                                        std::vector<std::string> start) {
  const std::vector<std::string>& words = options.healthcheck;
  if (words.empty() || words[0].starts_with('/')) return words;
  if (!names_application(options, plan.application, words[0])) {
    throw UsageError(
        fmt::format("--healthcheck {}: neither {} nor an absolute path (an image FROM "
                    "scratch has no shell and no PATH to search)",
                    words[0], base_name(plan.application)));
  }
  start.insert(start.end(), words.begin() + 1, words.end());
  return start;
}

}  // namespace

std::string image_program(const std::string& application) {
  std::string name = base_name(application);
  return fmt::format("/{}{}", name, kTaken.contains(name) ? ".bundle" : "");
}

bool names_application(const BuildOptions& options, const std::string& application,
                       const std::string& word) {
  const std::string bundle = image_program(application);
  return word == base_name(options.application) || word == base_name(application) ||
         word == base_name(bundle) || (word == bundle && !is_root_file_system(options));
}

std::vector<std::string> start_command(const Plan& plan) {
  return plan.command.empty() ? std::vector<std::string>{plan.application} : plan.command;
}

ImageConfiguration image_configuration(const BuildOptions& options, const Plan& plan,
                                       PayloadKind kind) {
  ImageConfiguration image;
  image.entrypoint = kind == PayloadKind::bundle
                         ? std::vector<std::string>{image_program(plan.application)}
                         : native_command(options, plan);
  if (options.user) image.user = *options.user;
  image.workdir = options.workdir;
  image.environment = options.env;
  // A bundle sets what its recipes ask for by itself.
  if (kind != PayloadKind::bundle && !options.multi_stage) {
    image.environment.clear();
    for (const EnvironmentEdit& edit : plan.environment) {
      if (!edit.extracted_only) image.environment.push_back({edit.name, edit.value});
    }
  }
  image.labels = options.label;
  image.ports = options.expose;
  image.stop_signal = options.stop_signal;
  image.healthcheck = health_command(
      options, plan, kind == PayloadKind::bundle ? image.entrypoint : start_command(plan));
  return image;
}

std::string image_tag(const BuildOptions& options, const std::string& application) {
  return options.tag.empty() ? image_name(application) + ":latest" : options.tag;
}

DockerContext docker_context(const BuildOptions& options, const Plan& plan,
                             const std::string& output, PayloadKind kind) {
  return {.dockerfile = dockerfile_path(options, output),
          .output = output,
          .kind = kind,
          .image = image_configuration(options, plan, kind),
          .time = source_date_epoch(),
          .force = options.force};
}

RunLines run_lines(const BuildOptions& options, const Plan& plan, const std::string& output,
                   PayloadKind kind, const std::vector<std::string>& written) {
  std::string name = image_name(plan.application);
  std::string container = "docker run --rm --read-only ";
  for (const std::string& folder : written) container += "--tmpfs " + shell_quoted(folder) + " ";
  std::string run = container + name;
  if (options.emit_dockerfile) {
    std::string file = dockerfile_path(options, output);
    fs::path parent = fs::path(file).parent_path();
    std::string folder = parent.empty() ? std::string(".") : parent.string();
    std::string choice =
        base_name(file) == "Dockerfile" ? "" : fmt::format("-f {} ", shell_quoted(file));
    return {fmt::format("docker build {}-t {} {} && {}", choice, name, shell_quoted(folder), run)};
  }
  switch (kind) {
    case PayloadKind::tar:
      return {fmt::format("docker import {} {}", shell_quoted(output), name),
              fmt::format("{} {}", run, joined(native_command(options, plan)))};
    case PayloadKind::folder:
      return {
          fmt::format("chroot {} {}", shell_quoted(output), joined(native_command(options, plan)))};
    case PayloadKind::image: {
      std::string tag = image_tag(options, plan.application);
      std::string load = options.format == "docker"
                             ? fmt::format("docker load -i {}", shell_quoted(output))
                             : fmt::format("skopeo copy oci-archive:{} docker-daemon:{}",
                                           shell_quoted(output), tag);
      return {fmt::format("{} && {}{}", load, container, tag)};
    }
    case PayloadKind::bundle:
      break;
  }
  return {shell_quoted(output.find('/') == std::string::npos ? "./" + output : output)};
}

std::string stage_application(const BuildOptions& options) {
  if (!options.module.empty()) return module_application(options.module);
  fs::path path = fs::path(options.application).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // a folder, written with a slash
  // The context itself has a name only here.
  return path == "." ? fs::current_path().string() : path.string();
}

DockerContext multi_stage_context(const BuildOptions& options) {
  const PayloadKind kind = options.format == "dir" ? PayloadKind::folder : PayloadKind::bundle;
  Plan plan;
  plan.application = stage_application(options);
  std::string name = base_name(plan.application);
  // A root file system starts the application where the build stage has it.
  if (kind == PayloadKind::folder) {
    plan.application = (fs::path(kStageSources) / options.application).lexically_normal();
  }
  std::string suffix = kind == PayloadKind::folder ? ".dir" : ".bundle";
  DockerContext context =
      docker_context(options, plan, options.output.empty() ? name + suffix : options.output, kind);
  context.stage = BuildStage{.image = options.build_image,
                             .command = options.build_command,
                             .application_arguments = options.arguments};
  // -m MODULE is among what is repeated.
  if (!options.application.empty()) context.stage->arguments = {options.application};
  if (kind == PayloadKind::folder) {
    context.stage->arguments.insert(context.stage->arguments.end(), {"--format", options.format});
  }
  context.stage->arguments.insert(context.stage->arguments.end(), options.repeated.begin(),
                                  options.repeated.end());
  return context;
}

}  // namespace scratchpack
