// `build --from-image`: an image archive as the root file system, its configuration as what the
// options leave open. What the user typed wins.
#pragma once

#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/image_application.h"
#include "bundler/options.h"
#include "bundler/read/image.h"
#include "bundler/read/image_unpack.h"
#include "bundler/trace/tracer.h"

namespace scratchpack {

class ImageSource {
 public:
  /// Reads and unpacks the image into a temporary folder, which goes with this object. Throws Error
  /// for an image that cannot be read or has no program to run.
  explicit ImageSource(const BuildOptions& typed);

  /// The options as they would be typed for the unpacked image.
  const BuildOptions& options() const { return options_; }
  /// Files that belong to the application, see image_application.h.
  const std::map<std::string, KnownFile>& files() const { return application_.files; }
  /// What of the configuration could not be taken over, and what was left out.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Whether a variable is the image's rather than the user's.
  bool sets(const std::string& name) const;
  /// Whether a path of this machine is one of the unpacked image.
  bool holds(const std::string& path) const { return path.starts_with(unpacked_.root() + "/"); }

  /// Runs a command inside the image; its program is absolute.
  Traced trace(const std::vector<std::string>& command) const;

  /// How much of the image is in the output, and where most of the rest is.
  std::string remainder_text(const FileSet& files) const;

 private:
  void take_environment();
  void take_user();
  void take_healthcheck();
  void take_rest();
  void warn_of_private();

  Image image_;
  UnpackedImage unpacked_;
  Sysroot sysroot_;
  ImageApplication application_;
  BuildOptions options_;
  std::vector<std::string> typed_names_ = {};  ///< of --env
  std::vector<std::string> warnings_ = {};
};

}  // namespace scratchpack
