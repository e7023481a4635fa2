#include "bundler/content/strip.h"

#include <fmt/format.h>

#include <filesystem>

#include "bundler/base/parallel.h"
#include "bundler/content/exclude.h"
#include "bundler/content/strip_elf.h"
#include "bundler/find/elf_scan.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

/// `libx.so.1.2`, `libx.so.1`, `libx.so`: checksums are named after any of a library's names.
std::vector<std::string> names_of_library(std::string name) {
  std::vector<std::string> names{name};
  const std::size_t suffix = name.find(".so.");
  while (suffix != std::string::npos && name.size() > suffix + 3) {
    name.resize(name.rfind('.'));
    names.push_back(name);
  }
  return names;
}

/// Whether the program or library compares its own file with a checksum, as FIPS 140 demands of
/// cryptography: libgcrypt's and GnuTLS' .hmac, NSS' .chk, OpenSSL's module (in fipsmodule.cnf).
bool is_checked(const fs::path& source) {
  if (source.filename() == "fips.so") return true;
  const fs::path folder = source.parent_path();
  std::error_code code;
  for (const std::string& name : names_of_library(source.filename())) {
    const fs::path neighbours[] = {folder / (name + ".hmac"), folder / ("." + name + ".hmac"),
                                   folder / "fipscheck" / (name + ".hmac"),
                                   folder / "hmaccalc" / (name + ".hmac"),
                                   folder / fs::path(name).replace_extension(".chk")};
    for (const fs::path& neighbour : neighbours) {
      if (fs::exists(neighbour, code)) return true;
    }
  }
  return false;
}

void strip_file(FileEntry& entry, bool keep) {
  StrippedElf stripped = strip_elf(MappedFile(entry.source).bytes());
  if (stripped.pieces.empty()) {
    entry.unstripped = std::move(stripped.why);
  } else if (keep) {
    entry.unstripped = "--keep-symbols";
  } else if (is_checked(entry.source)) {
    entry.unstripped = "it is compared with a checksum of its own";
  } else {
    entry.pieces = std::move(stripped.pieces);
    entry.size = stripped.size;
    entry.stripped = stripped.removed;
  }
}

}  // namespace

void strip_files(FileSet& files, const StripOptions& options, std::vector<std::string>& warnings) {
  struct Job {
    FileEntry* entry;
    bool keep;
  };
  Exclude kept(options.keep_symbols);
  std::vector<Job> jobs;
  for (auto& [path, entry] : files) {
    if (entry.kind != FileKind::file || entry.source.empty() || entry.content) continue;
    jobs.push_back({&entry, kept.takes(path) != nullptr});
  }
  share_out(jobs.size(), options.threads, [&]() -> PieceOfWork {
    return [&](std::size_t i) {
      if (begins_as_elf(jobs[i].entry->source)) strip_file(*jobs[i].entry, jobs[i].keep);
    };
  });
  for (const std::string& pattern : kept.unused()) {
    warnings.push_back(fmt::format("--keep-symbols {}: nothing in the bundle matches", pattern));
  }
}

}  // namespace scratchpack
