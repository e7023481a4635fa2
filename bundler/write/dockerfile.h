// The text of a Dockerfile that puts an output into an image FROM scratch.
//
// It says nothing that one of the builders in use does not understand: the legacy builder, BuildKit
// and buildah. So no `# syntax=` line, no COPY --chmod, no RUN --mount.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bundler/base/values.h"

namespace scratchpack {

/// What runs in the image, whichever way its files come in.
struct ImageConfiguration {
  std::vector<std::string> entrypoint = {};  ///< absolute program first
  Identity user = {65532, 65532};
  std::string workdir = {};  ///< empty: the root
  std::vector<KeyValue> environment = {};
  std::vector<KeyValue> labels = {};
  std::vector<std::string> ports = {};
  std::string stop_signal = {};
  std::vector<std::string> healthcheck = {};  ///< words, absolute program first; empty: none
};

/// An image is one already: no Dockerfile takes it in.
enum class PayloadKind : std::uint8_t { bundle, tar, folder, image };

/// What the image is made of. Names are relative to the build context.
struct ImagePayload {
  PayloadKind kind = PayloadKind::bundle;
  std::string name = {};
  std::string base_tar = {};  ///< of a bundle: /tmp, passwd and so on, ADDed first
};

/// The stage of the two-stage form, in which the application is made and bundled.
struct BuildStage {
  std::string image = {};
  std::string command = {};                 ///< for sh; empty: nothing to make
  std::vector<std::string> arguments = {};  ///< of `scratchpack build`, without the output
  std::vector<std::string> application_arguments = {};  ///< behind `--`
};

/// Name of the bundler in the context of the two-stage form.
inline constexpr std::string_view kToolName = "scratchpack";

/// The folder of the build stage that holds what the context brings.
inline constexpr std::string_view kStageSources = "/src";

/// The first line of every file we write beside an output, and how we know it again.
inline constexpr std::string_view kMark = "# Written by scratchpack";

/// The one-stage form. Throws Error (`write Dockerfile: …`) for what a Dockerfile cannot carry.
std::string dockerfile(const ImageConfiguration& image, const ImagePayload& payload);

/// The two-stage form; the payload is a bundle or a folder, its name what the build stage calls it.
std::string multi_stage_dockerfile(const ImageConfiguration& image, const ImagePayload& payload,
                                   const BuildStage& stage);

/// An ignore file that leaves nothing but these names, relative to the context.
std::string ignore_all_but(const std::vector<std::string>& names);

/// The ignore file of the two-stage form, whose context holds the sources.
std::string ignore_history();

}  // namespace scratchpack
