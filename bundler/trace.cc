#include "bundler/trace.h"

#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/trace/tracer.h"

namespace scratchpack {
namespace {

/// The folder that made a path private (`/x/.git` of `/x/.git/config`), or the path itself.
std::string private_place(const std::string& path) {
  std::size_t dot = path.find("/.");
  if (dot == std::string::npos) return path;
  return path.substr(0, path.find('/', dot + 1));
}

}  // namespace

void warn_of_private(const std::set<std::string>& paths) {
  std::map<std::string, int> places;
  for (const std::string& path : paths) ++places[private_place(path)];
  for (const auto& [place, count] : places) {
    fmt::print(stderr,
               "scratchpack: warning: {}: left out of the profile{}, it looks private "
               "(--allow-private takes it)\n",
               place, count > 1 ? fmt::format(" with {} paths", count) : "");
  }
}

int trace_command(const std::string& profile, const std::vector<std::string>& command,
                  bool allow_private) {
  check_output_file(profile);
  Traced traced = trace({.command = command, .allow_private = allow_private});
  if (!traced.refusal.empty()) {
    fmt::print(stderr, "scratchpack: {}\n", traced.refusal);
    return traced.status;
  }
  AtomicFile file(profile, 0644);
  file.write(to_json(traced.profile));
  file.commit();
  warn_of_private(traced.profile.private_files);
  return traced.status;
}

}  // namespace scratchpack
