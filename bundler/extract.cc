#include "bundler/extract.h"

#include <fmt/format.h>

#include "bundler/base/progress.h"
#include "bundler/base/values.h"
#include "bundler/read/bundle.h"
#include "bundler/summary.h"
#include "bundler/write/directory.h"

namespace scratchpack {
namespace {

FileKind kind_of(const BundleEntry& entry) {
  if (entry.kind == "directory") return FileKind::directory;
  return entry.kind == "symlink" ? FileKind::symlink : FileKind::file;
}

}  // namespace

void extract(const std::string& path, const std::string& directory, bool force, bool quiet) {
  if (quiet) Progress::disable();
  Bundle bundle = Bundle::open(path);
  OutputDirectory output(directory, source_date_epoch(), force);
  std::uint64_t total = 0;
  for (const BundleEntry& entry : bundle.entries()) total += entry.size;
  std::size_t files = 0;
  {
    Progress progress("extracting " + path, total);
    const std::vector<BundleEntry>& entries = bundle.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const BundleEntry& entry = entries[i];
      FileEntry file{.kind = kind_of(entry), .mode = entry.mode, .target = entry.target};
      Bytes content = file.kind == FileKind::file ? bundle.content(i) : Bytes();
      output.add(entry.path, file, content);
      files += file.kind == FileKind::file;
      progress.advance(content.size());
    }
  }
  output.commit();
  if (!quiet) fmt::print("{}: {} files, {}\n", directory, files, human_size(total));
}

}  // namespace scratchpack
