// The image formats: from a build to the archive and what the report says of it.
#pragma once

#include "bundler/build_job.h"

namespace scratchpack {

void write_oci_image(Build& build);
void write_docker_image(Build& build);

}  // namespace scratchpack
