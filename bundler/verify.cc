#include "bundler/verify.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "bundler/base/error.h"
#include "bundler/base/progress.h"
#include "bundler/isolate.h"
#include "bundler/read/bundle.h"
#include "bundler/report.h"

namespace scratchpack {
namespace {

void check_contents(const Bundle& bundle, const std::string& path) {
  std::optional<Progress> progress;
  std::uint64_t done = 0;
  std::vector<std::string> faults = bundle.verify([&](std::uint64_t now, std::uint64_t total) {
    if (!progress) progress.emplace("verifying " + path, total);
    progress->advance(now - done);
    done = now;
  });
  progress.reset();
  if (faults.empty()) return;
  throw Error(fmt::format("verify {}: {} of {} files are damaged (build or fetch it again)\n{}",
                          path, faults.size(), bundle.entries().size(), fmt::join(faults, "\n")));
}

Isolation isolation_of(const Verification& verification, const Bundle& bundle) {
  Isolation isolation{.program = verification.bundle,
                      .arguments = verification.arguments,
                      .timeout = std::chrono::seconds(verification.timeout)};
  std::string user = from_json(bundle.manifest()).launch.user;
  if (!user.empty()) isolation.user = parse_identity("user", user);
  isolation.with_tmp = bundle.start_mode() == "extract";
  return isolation;
}

}  // namespace

int verify(const Verification& verification) {
  const std::string& path = verification.bundle;
  if (verification.quiet) Progress::disable();
  Bundle bundle = Bundle::open(path);
  check_contents(bundle, path);
  // Standard output is the program's when it runs.
  FILE* words = verification.run ? stderr : stdout;
  if (!verification.quiet) {
    fmt::print(words, "{}: all checksums of {} entries hold\n", path, bundle.entries().size());
  }
  if (!verification.run) return 0;
  Isolation isolation = isolation_of(verification, bundle);
  if (isolation.with_tmp && !verification.quiet) {
    fmt::print(stderr, "It is extracted when it starts: its empty root has an executable /tmp.\n");
  }
  int status = run_isolated(isolation);
  if (status == kTimedOut && !verification.quiet) {
    fmt::print(stderr, "{}: still running after {} s, killed\n", path, verification.timeout);
  }
  return status;
}

}  // namespace scratchpack
