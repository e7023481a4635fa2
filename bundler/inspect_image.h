// `scratchpack inspect IMAGE.tar`: an image explained, layer by layer.
#pragma once

#include <string>

#include "bundler/read/image.h"

namespace scratchpack {

/// Configuration, layers, what is in vain, and where the bytes are. `bold` sets the headline in
/// bold.
std::string image_text(const Image& image, bool bold);

/// Which layer a file is from, and what happened to it in others. Throws Error for a path that no
/// layer ever had.
std::string image_why_text(const Image& image, const std::string& path);

}  // namespace scratchpack
