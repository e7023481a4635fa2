// What a build did, as plain data: the JSON summary (contract: keys are added, never renamed), the
// manifest that lies in every bundle, and what the terminal summary and `inspect` are drawn from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundler/content/distribution.h"
#include "bundler/find/plan.h"

namespace scratchpack {

/// Of the summary as JSON, which is the manifest in a bundle, too.
inline constexpr int kReportVersion = 1;

struct ReportFile {
  std::string path;
  std::string kind;         ///< "file", "symlink" or "directory"
  std::string target = {};  ///< of a symlink
  std::string source = {};  ///< on the build machine; empty: generated, or read from a bundle
  std::uint64_t size = 0;   ///< bytes
  std::uint64_t stored = 0;
  std::uint32_t mode = 0;
  std::string reason = {};
  std::string package = {};
  std::vector<std::string> needs = {};  ///< paths of the libraries it asks for, sorted
};

/// A distribution package that a file is from.
struct ReportPackage {
  std::string name, version, architecture, source, source_version;  ///< see content/packages.h
  std::vector<std::string> licences = {};                           ///< see content/licences.h
  std::string licence_file = {};  ///< path of its text; empty: the build machine had none
};

/// A licence text that a bundle carries.
struct ReportLicence {
  std::string path;          ///< where the distribution keeps it
  std::uint64_t offset = 0;  ///< in all texts back to back; identical ones are there once
  std::uint64_t size = 0;    ///< bytes
};

/// A file whose system calls were made to ask the bundle first (in-place start).
struct ReportRewrite {
  struct Site {
    std::uint64_t address = 0;  ///< virtual address of the `syscall` instruction
    int number = -1;            ///< of the call; -1: not known statically
    std::string kind = {};      ///< "kept" or "moved": where the instruction is now
    std::string symbol = {};    ///< the function it is in, read from a finished bundle, if known
  };
  std::string path = {};
  std::vector<Site> sites = {};
};

struct ReportStart {
  std::string mode = {};  ///< "in-place", "extract", "static"; "native": a plain root file system
  std::string why = {};   ///< when not in place
  std::vector<std::string> unserved = {};  ///< compiled-in paths that the application will miss
  std::string trial = {};  ///< in place: "passed", "not run: why"; of no bundle read back
};

/// How the application is started, whichever way its files come in.
struct ReportLaunch {
  std::string program = {};                 ///< path inside; of a script the script
  std::vector<std::string> arguments = {};  ///< put before the user's own
  std::vector<EnvironmentEdit> environment = {};
  std::string workdir = {};
  std::string user = {};  ///< UID:GID
};

struct Report {
  std::string application = {};
  std::string format = {};
  std::string output = {};
  std::uint64_t bytes = 0;       ///< of the output; 0 when nothing was written
  std::string compression = {};  ///< of one file: none, fast, good, best
  std::string interpreter = {};
  std::string root = {};         ///< SHA-256 of the content: see content/content_root.h
  std::string root_covers = {};  ///< kRootCovers; empty: of a bundle whose root had less in it
  ReportStart start = {};
  ReportLaunch launch = {};
  std::optional<std::uint64_t> gzipped = std::nullopt;  ///< bytes as an image layer
  bool gzipped_sampled = false;                         ///< an estimate
  std::optional<Pruned> pruned = std::nullopt;          ///< what --prune left out
  std::vector<ReportFile> files = {};                   ///< by path
  Distribution distribution = {};
  std::vector<ReportPackage> packages = {};  ///< by name and version
  std::vector<ReportLicence> licences = {};  ///< by path
  std::vector<ReportRewrite> rewrites = {};  ///< by path
  std::vector<Missing> missing = {};
  std::vector<Unloaded> unloaded = {};      ///< of this machine: no bundle read back knows it
  std::vector<UnfoundImport> unfound = {};  ///< of this machine, too
  std::vector<std::string> warnings = {};
};

/// The JSON summary, ending in a line break. Bytes that are no UTF-8 are replaced.
std::string to_json(const Report& report);

/// The manifest: the same object less what belongs to the build machine or is not known yet
/// (output, bytes, sources), so that the same content gives the same bundle everywhere.
std::string to_manifest(const Report& report);

/// Reads a manifest (or a summary) back; what is missing stays empty. Throws Error (`read
/// manifest: …`) for what is none.
Report from_json(const std::string& text);

}  // namespace scratchpack
