#include "bundler/trial.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/values.h"
#include "bundler/content/start.h"
#include "bundler/isolate.h"

namespace scratchpack {
namespace {

constexpr std::chrono::seconds kTimeLimit{10};
constexpr std::size_t kMostFaults = 5;  // said; one broken library has many that need it
// What is printed: paths of at most a thousand bytes, of at most some thousand libraries.
constexpr std::size_t kLongestOutput = std::size_t{16} << 20;

/// What a linker says: of each library its name and the path it was found at, or that it was not.
struct Listing {
  struct Found {
    std::string name;
    std::string path;
  };
  std::vector<Found> found;
  std::vector<std::string> missing;
  std::vector<std::string> complaints;  ///< every other line
};

std::string between(const std::string& line, const std::string& begin, const std::string& end) {
  std::size_t from = line.find(begin);
  if (from == std::string::npos) return "";
  from += begin.size();
  const std::size_t to = line.find(end, from);
  return to == std::string::npos ? "" : line.substr(from, to - from);
}

/// A line behind its tab: "NAME => PATH (0x…)", "PATH (0x…)", "NAME => not found".
void read_entry(const std::string& line, Listing& listing) {
  static const std::string kArrow = " => ";
  const std::size_t address = line.rfind(" (0x");
  const std::size_t arrow = line.find(kArrow);
  if (address == std::string::npos) {
    // What else there is ("statically linked") says nothing of libraries.
    if (line.ends_with(" => not found")) listing.missing.push_back(line.substr(0, arrow));
    return;
  }
  const std::size_t path = arrow == std::string::npos ? 0 : arrow + kArrow.size();
  if (path >= address || line[path] != '/') return;  // linux-vdso.so.1, the kernel's own
  listing.found.push_back(
      {line.substr(0, std::min(arrow, address)), line.substr(path, address - path)});
}

Listing read_listing(const std::string& output) {
  Listing listing;
  for (const std::string& line : split(output, '\n')) {
    if (line.starts_with('\t')) {
      read_entry(line.substr(1), listing);
      continue;
    }
    // musl's way to say so.
    const std::string missing = between(line, "Error loading shared library ", ": No such file");
    if (missing.empty()) {
      listing.complaints.push_back(line);
    } else {
      listing.missing.push_back(missing);
    }
  }
  return listing;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Names of libraries of the closure that --exclude left out of the bundle.
std::set<std::string> excluded_libraries(const Plan& plan, const FileSet& files) {
  std::set<std::string> names;
  for (const std::string& library : plan.programs.at(0).libraries) {
    if (!resolve_in(files, library)) names.insert(base_name(library));
  }
  return names;
}

class Comparison {
 public:
  Comparison(const Plan& plan, const FileSet& files)
      : plan_(plan), files_(files), excluded_(excluded_libraries(plan, files)) {
    const Program& program = plan.programs.at(0);
    for (const std::string& library : program.libraries) {
      if (const auto path = resolve_in(files, library)) expected_.insert(*path);
    }
    if (const auto path = resolve_in(files, program.interpreter)) linker_ = *path;
  }

  std::vector<std::string> faults(const Listing& listing, int status) {
    std::set<std::string> found;
    for (const std::string& name : listing.missing) {
      if (!excluded_.contains(base_name(name))) say(name + " is not found");
    }
    for (const Listing::Found& each : listing.found) check_found(each, found);
    if (excluded_.empty()) {
      for (const std::string& path : expected_) {
        if (!found.contains(path) && path != linker_) say(path + " is not loaded");
      }
    }
    check_end(listing, status);
    return std::move(faults_);
  }

 private:
  void say(std::string fault) {
    if (std::find(faults_.begin(), faults_.end(), fault) == faults_.end()) {
      faults_.push_back(std::move(fault));
    }
  }

  void check_found(const Listing::Found& library, std::set<std::string>& found) {
    const auto path = resolve_in(files_, library.path);
    if (!path) {
      say(fmt::format("{} is found at {}, which is not in the bundle", library.name, library.path));
    } else if (!expected_.contains(*path) && *path != linker_) {
      say(fmt::format("{} is found at {}, which {} was not seen to need", library.name, *path,
                      plan_.launch_path));
    } else {
      found.insert(*path);
    }
  }

  /// Symbols and versions that do not fit, and whatever made the linker give up. Without an
  /// excluded library its symbols are missing, too.
  void check_end(const Listing& listing, int status) {
    if (!excluded_.empty() && status != kTimedOut) return;
    for (const std::string& line : listing.complaints) {
      if (status != 0 || line.find("' not found (required by ") != std::string::npos) say(line);
    }
    if (status == kTimedOut) {
      say(fmt::format("it did not end within {} s", kTimeLimit.count()));
    } else if (status != 0 && faults_.empty()) {
      say(fmt::format("it ended with status {}", status));
    }
  }

  const Plan& plan_;
  const FileSet& files_;
  std::set<std::string> excluded_;  // names
  std::set<std::string> expected_;  // real paths in the bundle
  std::string linker_;
  std::vector<std::string> faults_;
};

std::string content_of(int descriptor) {
  const off_t end = ::lseek(descriptor, 0, SEEK_END);
  if (end < 0) throw Error(fmt::format("read what the linker printed: {}", errno_text(errno)));
  std::string text(std::min(static_cast<std::size_t>(end), kLongestOutput), '\0');
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  if (size < 0) throw Error(fmt::format("read what the linker printed: {}", errno_text(errno)));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

TrialRun run_linker(const std::string& file) {
  Descriptor output(::memfd_create("trial", MFD_CLOEXEC));
  if (!output.valid()) throw IsolationError(file, "memfd_create: " + errno_text(errno));
  Isolation isolation{.program = file, .user = {}, .timeout = kTimeLimit};
  // As ourselves, less every privilege: others may not be allowed to read the file.
  isolation.user = {.user = ::geteuid(), .group = ::getegid()};
  isolation.environment = {{"SCRATCHPACK_RUN=libraries"}};
  isolation.output = output.get();
  TrialRun run;
  run.status = run_isolated(isolation);
  run.output = content_of(output.get());
  return run;
}

}  // namespace

std::vector<std::string> trial_faults(const TrialRun& run, const Plan& plan, const FileSet& files) {
  return Comparison(plan, files).faults(read_listing(run.output), run.status);
}

std::string refused_machine(const TrialRun& run, const Plan& plan) {
  const Listing listing = read_listing(run.output);
  for (const std::string& line : listing.complaints) {
    for (const char* sign : {"CPU does not support", "CPU ISA level", "kernel too old"}) {
      if (line.find(sign) != std::string::npos) return line;
    }
  }
  for (const std::string& library : plan.programs.at(0).libraries) {
    if (library.find("/glibc-hwcaps/") == std::string::npos) continue;
    const std::string name = base_name(library);
    if (std::find(listing.missing.begin(), listing.missing.end(), name) != listing.missing.end()) {
      return fmt::format("{} is for newer processors than this machine's", library);
    }
  }
  return "";
}

std::string try_bundle(const std::string& file, const Plan& plan, const FileSet& files,
                       const std::string& output) {
  TrialRun run;
  try {
    run = run_linker(file);
  } catch (const IsolationError& error) {
    return "not run: " + error.reason();
  }
  if (std::string why = refused_machine(run, plan); !why.empty()) return "not run: " + why;
  std::vector<std::string> faults = trial_faults(run, plan, files);
  if (faults.empty()) {
    const std::set<std::string> excluded = excluded_libraries(plan, files);
    if (excluded.empty()) return "passed";
    return fmt::format("passed, but for {}, which {} excluded", fmt::join(excluded, ", "),
                       excluded.size() == 1 ? "was" : "were");
  }
  if (faults.size() > kMostFaults) {
    faults[kMostFaults - 1] = fmt::format("{} more", faults.size() - kMostFaults + 1);
    faults.resize(kMostFaults);
  }
  throw Error(
      fmt::format("try {}: started from inside it, the dynamic linker does not find what was found "
                  "when packing: {} (build it with --mode extract, or as it is with --no-trial)",
                  output, fmt::join(faults, "; ")));
}

}  // namespace scratchpack
