#include "bundler/find/c_library.h"

#include <algorithm>

#include "bundler/find/search_path.h"

namespace scratchpack {
namespace {

constexpr const char* kReason = "C library: the same files for every application";

/// libmvec is left out: large, and rarely linked. Since glibc 2.34 most of these are empty shells,
/// kept for programs linked before.
constexpr const char* kLibraries[] = {
    "libc.so.6",      "libm.so.6",         "libpthread.so.0", "libdl.so.2",   "librt.so.1",
    "libresolv.so.2", "libnss_files.so.2", "libnss_dns.so.2", "libutil.so.1", "libanl.so.1",
};

}  // namespace

std::vector<Want> c_library(const Plan& plan, const Sysroot& sysroot) {
  auto program = std::find_if(plan.programs.begin(), plan.programs.end(),
                              [](const Program& each) { return !each.interpreter.empty(); });
  if (program == plan.programs.end()) return {};
  std::vector<Want> wants = {{.path = program->interpreter, .reason = kReason}};
  for (const std::string& library : program->libraries) {
    if (!library.ends_with("/libc.so.6")) continue;
    const std::string directory = directory_of(sysroot.resolve(library).value_or(library));
    for (const char* name : kLibraries) {
      const std::string path = directory + "/" + name;
      std::optional<FileStatus> status = sysroot.stat(path);
      if (status && status->kind == FileKind::file) {
        wants.push_back({.path = path, .reason = kReason});
      }
    }
  }
  return wants;
}

}  // namespace scratchpack
