#include "bundler/sbom.h"

#include <fmt/format.h>

#include "bundler/base/file.h"
#include "bundler/cyclonedx.h"
#include "bundler/read/bundle.h"
#include "bundler/read/bundle_root.h"

namespace scratchpack {

void write_sbom(const std::string& text, const std::string& output) {
  AtomicFile file(output, 0666);
  file.write(text);
  file.commit();
}

void sbom(const std::string& path, const std::string& output) {
  const Bundle bundle = Bundle::open(path);
  const std::string text =
      cyclonedx(from_json(bundle.manifest()), content_digests(bundle), bundle.time());
  if (output.empty()) {
    fmt::print("{}", text);
  } else {
    write_sbom(text, output);
  }
}

}  // namespace scratchpack
