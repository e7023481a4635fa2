// Which package brought which file of an image, by the lists that dpkg and distroless images keep.
#pragma once

#include <map>
#include <string>

#include "bundler/read/image.h"

namespace scratchpack {

/// Whether name_image_packages() wants to see this file of the image.
bool is_package_list(const std::string& path);

/// Fills `package` of files and links. `texts` holds the image's package lists by their paths:
/// /var/lib/dpkg/status with info/*.list, and /var/lib/dpkg/status.d/* with its *.md5sums.
void name_image_packages(std::map<std::string, ImageFile>& files,
                         const std::map<std::string, std::string>& texts);

}  // namespace scratchpack
