#include "bundler/self_bundle.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/content/file_set.h"
#include "bundler/content/start.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"
#include "bundler/read/bundle.h"
#include "bundler/write/onefile.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

std::string own_path() {
  std::error_code code;
  std::string path = fs::read_symlink("/proc/self/exe", code).string();
  if (code) throw Error("bundle scratchpack itself: /proc/self/exe cannot be read (mount /proc)");
  if (std::getenv("SCRATCHPACK_ROOT") != nullptr) {
    throw Error(
        "bundle scratchpack itself: it runs out of a bundle already (copy that file into the build "
        "context as scratchpack)");
  }
  return path;
}

void check_target(const std::string& output, bool force) {
  std::error_code code;
  if (force || !fs::exists(output, code)) return;
  try {
    Bundle::open(output);
  } catch (const Error&) {
    throw Error(
        fmt::format("write {}: exists and was not written by scratchpack (--force "
                    "overwrites it)",
                    output));
  }
}

}  // namespace

void write_self_bundle(const std::string& output, bool force) {
  check_target(output, force);
  const Sysroot sysroot;
  Plan plan = plan_application(sysroot, own_path(), {});
  if (!plan.missing.empty()) {
    throw Error(fmt::format("bundle scratchpack itself: {} is missing (install it again)",
                            plan.missing[0].name));
  }
  plan_ld_cache(plan, sysroot);
  const FileSet files = collect(plan, sysroot, {});
  const StartDecision start = decide_start(plan, files, Mode::extract);
  OnefileOptions options;
  options.compression = Compression::good;
  write_onefile(plan, files, start, options, output);
}

}  // namespace scratchpack
