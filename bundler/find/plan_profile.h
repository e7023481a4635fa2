// A profile made part of a plan: what was used, with its closure.
//
//   executed, mapped, opened, looked at   the file; programs and libraries with what they need,
//                                         executed scripts with their interpreters
//   listed                                the directory. Of its names those that were used, too;
//                                         when none was, all: then the names were what counted
//   looked at (directories)               the directory, without what is in it
#pragma once

#include <map>
#include <set>
#include <string>

#include "bundler/find/plan.h"
#include "bundler/find/profile.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// `name` is the profile's in reasons. What the machine no longer has, or does not let us read, and
/// libraries that are missing are warnings: the run did without, or can be done again. What is
/// planned already stays as it is.
void plan_profile(Plan& plan, const Sysroot& sysroot, const Profile& profile,
                  const std::string& name, const ResolveOptions& options);

/// A file that is known to be needed, and why.
struct KnownFile {
  Use use = Use::opened;
  std::string reason;
};

/// The same of files that something else than a trace knows of, `source` in warnings. The container
/// comes first where a file is neither a program nor a library.
void plan_known_files(Plan& plan, const Sysroot& sysroot,
                      const std::map<std::string, KnownFile>& files, const std::string& source,
                      const ResolveOptions& options);

/// Where the files that a profile used really lie, for --prune.
std::set<std::string> used_files(const Sysroot& sysroot, const Profile& profile);

}  // namespace scratchpack
