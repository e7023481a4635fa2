// A file set cut into the layers of an image, so that registries and machines that have a layer
// already need not get it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bundler/content/file_set.h"

namespace scratchpack {

struct Layer {
  std::string title;                       ///< what is in it, in a few words
  std::vector<std::string> packages = {};  ///< "zlib1g 1:1.2.13.dfsg-1", sorted
  /// Its files, and every directory above them: so the layer's bytes depend on nothing else.
  FileSet files = {};
  std::uint64_t count = 0;  ///< regular files
  std::uint64_t size = 0;   ///< bytes of content
  /// The application's own, made anew with every edit. The others bear no date either, so that they
  /// stay the same from build to build.
  bool own = false;
};

struct LayerChoice {
  std::set<std::string> c_library = {};  ///< paths of the first layer; none: no such layer
  std::string own_package = {};          ///< whose files are the application's own; may be empty
  std::size_t most = 10;                 ///< layers at most, at least 1
};

/// From the first to the last:
///
///   the C library          c_library, the same whatever the application
///   a package each         the largest that fit in, by name
///   the other packages     all together; small ones are always here, as a layer costs a request
///   the application's own  its package, and what no package brought: generated files, added data
///
/// Every entry is in exactly one of them but for directories, which are in each layer that has
/// something below them. An application's own layer is always there.
std::vector<Layer> split_into_layers(const FileSet& files, const LayerChoice& choice);

}  // namespace scratchpack
