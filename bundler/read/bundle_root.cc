#include "bundler/read/bundle_root.h"

#include "bundler/base/digest.h"

namespace scratchpack {
namespace {

FileKind kind_of(const BundleEntry& entry) {
  if (entry.kind == "directory") return FileKind::directory;
  return entry.kind == "symlink" ? FileKind::symlink : FileKind::file;
}

}  // namespace

Digests content_digests(const Bundle& bundle) {
  Digests digests;
  for (std::size_t i = 0; i < bundle.entries().size(); ++i) {
    const BundleEntry& entry = bundle.entries()[i];
    if (entry.kind == "file") digests[entry.path] = sha256(bundle.content(i));
  }
  return digests;
}

std::string content_root(const Bundle& bundle, const Digests& digests) {
  FileSet files;
  for (const BundleEntry& entry : bundle.entries()) {
    files[entry.path] = {.kind = kind_of(entry),
                         .mode = entry.mode,
                         .target = entry.target,
                         .container_first = entry.container_first,
                         .append_user = entry.append_user};
  }
  return content_root(files, digests, bundle.launch());
}

}  // namespace scratchpack
