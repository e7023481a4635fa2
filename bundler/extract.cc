#include "bundler/extract.h"

#include <fmt/format.h>

#include <set>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/base/progress.h"
#include "bundler/base/values.h"
#include "bundler/read/bundle.h"
#include "bundler/report.h"
#include "bundler/summary.h"
#include "bundler/write/directory.h"

namespace scratchpack {
namespace {

FileKind kind_of(const BundleEntry& entry) {
  if (entry.kind == "directory") return FileKind::directory;
  return entry.kind == "symlink" ? FileKind::symlink : FileKind::file;
}

/// The folders above `path`, the topmost first.
void add_parents(OutputDirectory& output, const std::string& path, std::set<std::string>& made) {
  const std::string parent = directory_of(path);
  if (parent == "/" || !made.insert(parent).second) return;
  add_parents(output, parent, made);
  output.add(parent, {.kind = FileKind::directory, .mode = 0755}, {});
}

void extract_licences(const Bundle& bundle, const std::string& path, const std::string& directory,
                      bool force, bool quiet) {
  const Report report = from_json(bundle.manifest());
  const std::string all = bundle.licences();
  if (report.licences.empty()) {
    throw Error(fmt::format(
        "extract {}: carries no licence texts (where it was built, no package that is inside had "
        "one in /usr/share/doc)",
        path));
  }
  OutputDirectory output(directory, source_date_epoch(), force);
  std::set<std::string> made;
  std::uint64_t total = 0;
  for (const ReportLicence& text : report.licences) {
    if (text.offset > all.size() || text.size > all.size() - text.offset) {
      throw Error(
          fmt::format("read {}: {}: its text is not in the bundle (build or download it "
                      "again)",
                      path, text.path));
    }
    add_parents(output, text.path, made);
    output.add(text.path, {.mode = 0644},
               {reinterpret_cast<const std::uint8_t*>(all.data()) + text.offset, text.size});
    total += text.size;
  }
  output.commit();
  if (!quiet) {
    fmt::print("{}: {} licence texts, {}\n", directory, report.licences.size(), human_size(total));
  }
}

}  // namespace

void extract(const std::string& path, const std::string& directory, bool only_licences, bool force,
             bool quiet) {
  if (quiet) Progress::disable();
  Bundle bundle = Bundle::open(path);
  if (only_licences) return extract_licences(bundle, path, directory, force, quiet);
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
