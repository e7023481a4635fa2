// A Dockerfile on disk with what it needs beside it: the ignore file and the small archive of
// files that an image FROM scratch lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/write/dockerfile.h"

namespace scratchpack {

struct DockerContext {
  std::string dockerfile = {};  ///< path; its folder is the build context
  std::string output = {};      ///< path of what goes in; inside the context
  PayloadKind kind = PayloadKind::bundle;
  ImageConfiguration image = {};
  std::optional<BuildStage> stage = std::nullopt;  ///< the two-stage form; `output` is then a name
  std::uint64_t time = 0;                          ///< of the files in the archive
  bool force = false;                              ///< overwrite files we did not write
};

/// Throws Error for what write_docker_context would refuse: a Dockerfile or ignore file that we did
/// not write, an output outside the context, a name a Dockerfile cannot carry. Nothing is written.
void check_docker_context(const DockerContext& context);

/// Writes Dockerfile, ignore file and archive; each file whole or not at all. Makes the output
/// readable (a bundle: executable) for everybody, as the image's user has to. Returns warnings.
///
/// The ignore file is DOCKERFILE.dockerignore, which BuildKit prefers. The other builders read only
/// `.dockerignore`, which counts for every Dockerfile of the folder: it is written only when ours
/// is the folder's main one, and somebody else's is left alone.
std::vector<std::string> write_docker_context(const DockerContext& context);

/// What every container needs as real files, whatever a bundle holds: /tmp (1777), /etc/passwd
/// and /etc/group with root and the image's user, /etc/nsswitch.conf.
FileSet base_files(const Identity& user);

/// Adds a line for the user (or his group) to the text of a passwd (or group) file that has none.
void add_account(std::string& text, const Identity& user, bool group_file);

}  // namespace scratchpack
