// An image as the report of a bundle, so that whatever shows bundles shows images, too.
#pragma once

#include <string>

#include "bundler/limit.h"
#include "bundler/read/image.h"
#include "bundler/report.h"

namespace scratchpack {

/// Files have the layer that brought them for a reason; devices, pipes and sockets are left out.
Report image_report(const Image& image);

Measures measures_of(const Image& image);

/// An instruction of an image's history as a Dockerfile has it: without the shell that builders
/// put in front and what they put behind.
std::string instruction(const std::string& created_by);

/// "layer 2: COPY page /srv"
std::string layer_name(const Image& image, std::uint32_t layer);

/// The summary as JSON, with what only images have in its member `image`: configuration, layers,
/// what was lost, measures.
std::string image_json(const Image& image);

}  // namespace scratchpack
