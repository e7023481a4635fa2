// The merged file system of an image as files in a temporary folder.
#pragma once

#include <string>

#include "bundler/base/interrupt.h"
#include "bundler/read/image.h"

namespace scratchpack {

/// Below $TMPDIR, else /var/tmp; removed with its owner, or by a signal that ends the program.
/// Everything belongs to whoever runs this, readable by him; setuid bits, owners, devices, pipes
/// and sockets are left out.
class UnpackedImage {
 public:
  /// Throws Error when the image is damaged or there is no room.
  explicit UnpackedImage(const Image& image);
  UnpackedImage(const UnpackedImage&) = delete;
  UnpackedImage& operator=(const UnpackedImage&) = delete;
  ~UnpackedImage();

  /// The root file system.
  std::string root() const { return folder_ + "/root"; }
  /// The temporary folder it lies in, in which there is room for other things.
  const std::string& folder() const { return folder_; }

 private:
  void make_folders(const Image& image) const;
  void make_files(const Image& image) const;
  void make_links(const Image& image) const;
  void remove();

  std::string folder_;
  Unfinished unfinished_;
};

}  // namespace scratchpack
