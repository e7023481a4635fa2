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
  std::uint64_t stripped = 0;   ///< bytes that --strip took away
  std::string unstripped = {};  ///< why it left symbols in
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

/// A library that a file names (DT_NEEDED), and the file inside that answers the name. Numbers are
/// indexes into Report::files.
struct ReportLink {
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint64_t symbols = 0;  ///< names that `from` imports and `to` defines; versions don't count
};

/// What could be left out, or made smaller.
struct ReportWaste {
  struct Copies {
    std::uint64_t size = 0;               ///< bytes of one
    std::vector<std::string> paths = {};  ///< at least two, sorted
  };
  struct Spare {
    std::string path = {};
    std::uint64_t bytes = 0;
    std::vector<std::string> needed_by = {};  ///< of an unused library: the files that name it
  };
  std::vector<Copies> identical = {};  ///< the same content under several paths
  std::vector<Spare> unused = {};      ///< libraries of which nobody inside uses a symbol
  std::vector<Spare> debug = {};       ///< what strip(1) would take
  std::vector<Spare> locales = {};     ///< messages in languages nobody asked for
  std::uint64_t bytes = 0;             ///< of all together, none counted twice
};

/// What only the contents tell.
struct ReportFindings {
  std::vector<ReportLink> links = {};
  ReportWaste waste = {};  ///< each list by bytes, the most first
};

/// How the application is started, whichever way its files come in.
struct ReportLaunch {
  std::string program = {};                 ///< path inside; of a script the script
  std::vector<std::string> arguments = {};  ///< put before the user's own
  std::vector<EnvironmentEdit> environment = {};
  std::string workdir = {};
  std::string user = {};  ///< UID:GID
};

/// A layer of an image. Without digests in a dry run.
struct ReportLayer {
  std::string title = {};                  ///< what is in it, in a few words
  std::vector<std::string> packages = {};  ///< "zlib1g 1:1.2.13.dfsg-1"
  std::uint64_t files = 0;                 ///< regular files
  std::uint64_t size = 0;                  ///< bytes of their contents
  std::uint64_t stored = 0;                ///< bytes of the layer in the archive, compressed or not
  std::string digest = {};                 ///< SHA-256 of those, hexadecimal
  std::string diff_id = {};                ///< SHA-256 of the uncompressed layer
};

struct ReportImage {
  std::string name = {};           ///< "curl:latest"
  std::string platform = {};       ///< "linux/amd64"
  std::string configuration = {};  ///< digest: Docker's image ID
  std::string manifest = {};       ///< digest: the registries' name for it; OCI's alone
  std::string compression = {};    ///< of the layers: gzip, zstd, none
  std::vector<ReportLayer> layers = {};
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
  std::optional<ReportImage> image = std::nullopt;      ///< oci and docker
  std::vector<ReportFile> files = {};                   ///< by path
  Distribution distribution = {};
  std::vector<ReportPackage> packages = {};  ///< by name and version
  std::vector<ReportLicence> licences = {};  ///< by path
  std::vector<ReportRewrite> rewrites = {};  ///< by path
  std::vector<Missing> missing = {};
  std::vector<Unloaded> unloaded = {};      ///< of this machine: no bundle read back knows it
  std::vector<UnfoundImport> unfound = {};  ///< of this machine, too
  std::vector<std::string> written = {};    ///< folders that traced runs wrote in
  std::vector<std::string> warnings = {};
  std::optional<ReportFindings> findings = std::nullopt;  ///< of a bundle that was looked into
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
