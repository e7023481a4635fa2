// Which program an image runs, and which of its files belong to it: the rules of `build
// --from-image`, apart from options and from how the files are read.
//
// Taken in besides what the program's own closure, recipes and traces bring:
//   - programs and files that the command names, and for a shell script or `sh -c` the programs it
//     calls
//   - all in the working directory, and in the program's own folder, unless it is one of the
//     system's (`/`, /etc, /usr/bin, …); of the program's folder only what no package brought
//   - what COPY and ADD put in above the first layer, unless a package of the image has it
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bundler/find/plan_profile.h"
#include "bundler/find/sysroot.h"
#include "bundler/read/image.h"

namespace scratchpack {

struct ImageApplication {
  std::string path;                             ///< absolute, in the image
  std::vector<std::string> arguments = {};      ///< of the entrypoint
  std::vector<std::string> command = {};        ///< behind them, unless the user gives others
  std::map<std::string, KnownFile> files = {};  ///< that belong to it
  std::vector<std::string> left_out = {};       ///< of those what looks private
};

/// `asked` is what the user named instead of the entrypoint, or empty; `given` what the user gave
/// instead of the image's command, or empty. Throws Error when the image names no program, or one
/// that it does not have.
ImageApplication image_application(const Image& image, const Sysroot& sysroot,
                                   const std::string& asked, const std::vector<std::string>& given);

/// The program of this name by the image's PATH, or relative to its working directory; empty when
/// there is none.
std::string image_program_path(const StoredConfig& config, const Sysroot& sysroot,
                               const std::string& name);

/// The words of the image's health check without a shell where it needs none; empty when it has
/// none.
std::vector<std::string> image_healthcheck(const StoredConfig& config);

/// The image's working directory, absolute and normal; "/" when it names none.
std::string image_workdir(const StoredConfig& config);

/// UID:GID of the image's user, by its passwd and group files; empty when it names none. Throws
/// Error for a name that they do not have.
std::string image_user(const StoredConfig& config, const Sysroot& sysroot);

}  // namespace scratchpack
