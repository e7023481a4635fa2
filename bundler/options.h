// The command line, parsed once into plain values. Only main and build see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundler/base/values.h"

namespace scratchpack {

/// `scratchpack build`. What can be checked without looking at a file has been.
struct BuildOptions {
  std::string application = {};
  std::vector<std::string> arguments = {};  ///< after `--`: put before the user's own

  std::string output = {};         ///< empty: named after the application
  std::string format = "onefile";  ///< onefile, oci, docker, tar or dir
  std::string compress = "none";   ///< none, fast, good or best
  std::string mode = "auto";       ///< auto, in-place or extract
  bool no_trial = false;           ///< leave out the trial of what was written

  std::vector<std::string> add_data = {};                ///< SRC:DEST
  std::vector<std::string> add_binary = {};              ///< SRC[:DEST]
  std::vector<std::string> exclude = {};                 ///< shell patterns
  std::vector<std::string> recipe = {};                  ///< names or files
  std::vector<std::string> no_recipe = {};               ///< names or "*"
  std::vector<std::string> profile = {};                 ///< files that trace wrote
  std::vector<std::vector<std::string>> trace_run = {};  ///< words of each run
  unsigned trace_time = 0;  ///< seconds until a run is asked to end; 0: it ends by itself
  bool prune = false;       ///< recipes bring what a profile used
  bool strip = false;       ///< without symbols and debug information
  std::vector<std::string> keep_symbols = {};    ///< shell patterns of files not to strip
  std::string python = {};                       ///< an interpreter; empty: the `#!` line's
  std::string module = {};                       ///< -m: in place of an application
  std::vector<std::string> collect = {};         ///< Python packages taken whole
  std::vector<std::string> hidden_import = {};   ///< Python modules
  std::vector<std::string> exclude_module = {};  ///< Python modules
  bool keep_source = false;
  std::vector<std::string> library_path = {};
  std::string sysroot = "/";
  std::string from_image = {};  ///< an archive as the sysroot
  std::string hwcaps = "baseline";
  std::vector<std::string> tz = {};  ///< zones; empty: all
  std::vector<std::string> locale = {};
  std::string dlopen = "notes";  ///< none, notes or auto

  std::vector<KeyValue> env = {};
  std::string workdir = {};  ///< absolute or empty
  std::optional<Identity> user = std::nullopt;
  std::vector<std::string> expose = {};
  std::vector<KeyValue> label = {};
  std::string stop_signal = {};
  std::vector<std::string> healthcheck = {};  ///< words of a command

  std::optional<std::string> emit_dockerfile = std::nullopt;  ///< empty text: the default name
  bool multi_stage = false;
  std::string build_image = {};
  std::string build_command = {};
  bool force = false;

  std::string sbom = {};
  std::string tag = {};             ///< of an image, NAME:TAG; empty: named after the application
  std::string layers = {};          ///< a number or "single"; empty: the format's default
  std::string layer_compress = {};  ///< gzip, zstd or none; empty: the format's default
  std::string platform = {};        ///< checked; empty: not asked for

  std::string config = {};  ///< a file with the same options; what is typed comes after them
  std::string depfile = {};
  bool dry_run = false;
  bool json = false;
  bool verbose = false;
  bool quiet = false;
  unsigned threads = 0;  ///< 0: as many as the machine has
  bool no_cache = false;

  /// What of this command line a build stage has to repeat, for --multi-stage.
  std::vector<std::string> repeated = {};
};

struct InspectOptions {
  std::string bundle = {};
  bool json = false;
  bool tree = false;
  std::string why = {};  ///< a path in the bundle
  bool rewrites = false;
  std::vector<std::string> fail_if = {};  ///< see limit.h
  bool waste = false;
  bool packages = false;
  std::string html = {};  ///< the page to write
};

struct ExtractOptions {
  std::string bundle = {};
  std::string directory = {};
  bool licences = false;  ///< their texts only
  bool force = false;
  bool quiet = false;
};

struct VerifyOptions {
  std::string bundle = {};
  unsigned timeout = 10;  ///< seconds
  bool run = false;       ///< `--` was given: run it, too
  std::vector<std::string> arguments = {};
  bool quiet = false;
  bool verbose = false;
};

struct TraceOptions {
  std::string profile = {};
  bool allow_private = false;
  std::vector<std::string> command = {};  ///< after `--`
};

struct RecipesOptions {
  std::string name = {};  ///< empty: all of them
};

struct DoctorOptions {
  std::string file = {};  ///< bundle or profile
  bool json = false;
};

struct DiffOptions {
  std::string before = {};
  std::string after = {};
  bool json = false;
};

struct SbomOptions {
  std::string bundle = {};
  std::string output = {};  ///< empty: standard output
};

struct CompletionOptions {
  std::string shell = {};  ///< bash, zsh or fish
};

enum class Command : std::uint8_t {
  help,
  build,
  trace,
  inspect,
  extract,
  verify,
  recipes,
  doctor,
  diff,
  sbom,
  completion
};

struct Options {
  Command command = Command::help;
  std::string text = {};  ///< help and completion: what to print on standard output
  BuildOptions build = {};
  TraceOptions trace = {};
  InspectOptions inspect = {};
  ExtractOptions extract = {};
  VerifyOptions verify = {};
  RecipesOptions recipes = {};
  DoctorOptions doctor = {};
  DiffOptions diff = {};
  SbomOptions sbom = {};
  CompletionOptions completion = {};
};

/// Parses argv without the program's name. Throws UsageError for what does not exist, has a wrong
/// value or does not fit together.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace scratchpack
