// The trial of a finished bundle: its own dynamic linker, started from inside it in an empty root
// that holds only /proc, must find exactly the libraries that the walk found. It only lists them
// (as ldd does); nothing of the program itself runs.
#pragma once

#include <string>
#include <vector>

#include "bundler/content/file_set.h"
#include "bundler/find/plan.h"

namespace scratchpack {

/// What the linker printed and how it ended.
struct TrialRun {
  std::string output;  ///< both streams
  int status = 0;
};

/// What the report says of a trial: "passed", with what was excluded; or "not run: why" where this
/// machine cannot try it. Throws Error when it failed: the bundle at `file` would not start.
/// `output` is the name it is to get, for that message.
std::string try_bundle(const std::string& file, const Plan& plan, const FileSet& files,
                       const std::string& output);

/// The comparison: what the linker's list says against the closure of the plan's first program, one
/// sentence for each difference. A library that was excluded is expected from outside (a mount),
/// and so is what only it needs.
std::vector<std::string> trial_faults(const TrialRun& run, const Plan& plan, const FileSet& files);

/// Why the linker refused this machine rather than the bundle (a library or linker for newer
/// processors or kernels): a bundle for others cannot be tried here. Empty when it did not.
std::string refused_machine(const TrialRun& run, const Plan& plan);

}  // namespace scratchpack
