// From the options of `build` to the image: what its Dockerfile says and how to run the output.
#pragma once

#include <string>

#include "bundler/find/plan.h"
#include "bundler/options.h"
#include "bundler/summary.h"
#include "bundler/write/docker_context.h"

namespace scratchpack {

/// Path of the program in an image made of a bundle of this application: `/curl`.
std::string image_program(const std::string& application);

/// Whether a word, a health check's first, names this application: by its file's name, or by the
/// one that a bundle of it has in an image.
bool names_application(const BuildOptions& options, const std::string& application,
                       const std::string& word);

/// What starts the application natively: it itself, a script by its `#!`.
std::vector<std::string> start_command(const Plan& plan);

/// What runs in an image of the output. `plan` gives what a root file system is started with; for a
/// bundle it may be empty but for `application`.
ImageConfiguration image_configuration(const BuildOptions& options, const Plan& plan,
                                       PayloadKind kind);

/// The image's name, with a tag: of --tag, else after the application.
std::string image_tag(const BuildOptions& options, const std::string& application);

/// The Dockerfile that the options ask for. The plan as above.
DockerContext docker_context(const BuildOptions& options, const Plan& plan,
                             const std::string& output, PayloadKind kind);

/// How to run the output, with Docker when a Dockerfile was asked for; the container gets the
/// folders that traced runs have `written` to.
RunLines run_lines(const BuildOptions& options, const Plan& plan, const std::string& output,
                   PayloadKind kind, const std::vector<std::string>& written = {});

/// What the two-stage form calls the application: the name that the user gave, of a folder without
/// a slash behind it; `.` is the current folder's name, -m MODULE the module's.
std::string stage_application(const BuildOptions& options);

/// The context of the two-stage form, whose application is made in a build stage.
DockerContext multi_stage_context(const BuildOptions& options);

}  // namespace scratchpack
