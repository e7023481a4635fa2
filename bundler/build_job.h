// What the stages of a build hand on to each other. Seen by the files of `build` alone.
#pragma once

#include <optional>
#include <string>

#include "bundler/content/content_root.h"
#include "bundler/content/file_set.h"
#include "bundler/content/packages.h"
#include "bundler/content/start.h"
#include "bundler/find/plan.h"
#include "bundler/find/sysroot.h"
#include "bundler/options.h"
#include "bundler/python/application.h"
#include "bundler/report.h"
#include "bundler/write/dockerfile.h"

namespace scratchpack {

class ImageSource;

/// One build, from the command line to the file.
struct Build {
  const BuildOptions& options;
  Sysroot sysroot;
  std::string output;
  const ImageSource* image = nullptr;                      ///< of --from-image
  std::optional<PythonApplication> python = std::nullopt;  ///< when the application is Python's
  Plan plan = {};
  FileSet files = {};
  Packages packages = {};
  std::map<std::string, std::string> licences = {};  ///< texts by path
  Digests digests = {};
  Report report = {};
};

/// A form of output. Writing fills the report's sizes and start; a dry run leaves it at what
/// analysis can say.
struct Format {
  const char* name;    ///< of --format
  const char* suffix;  ///< of the output's default name
  PayloadKind kind;
  void (*write)(Build&);
};

/// The format that the options name.
const Format& format_of(const BuildOptions& options);

/// Whether that is files at their own paths, rather than a bundle.
bool is_root_file_system(const BuildOptions& options);

/// Bytes of content, for progress.
std::uint64_t content_size(const FileSet& files);

/// Says in the report that a root file system stores its files as they are.
void store_as_is(Report& report);

/// Fills the report with what is known before anything is written.
void describe(Build& build);

/// And with how a bundle starts, which its content's root covers.
void describe_start(Build& build, const StartDecision& start);

/// The licence texts that a bundle carries, back to back. Fills the report's list of them.
std::string joined_licences(Build& build);

}  // namespace scratchpack
