#include "bundler/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/base/progress.h"
#include "bundler/find/sysroot.h"
#include "bundler/isolate.h"
#include "bundler/read/bundle.h"
#include "bundler/read/bundle_root.h"
#include "bundler/report.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

constexpr std::size_t kMostNowhere = 8;  // named of what neither bundle nor machine has

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

/// The root that the manifest names must be that of what is inside: an attestation may name it.
void check_root(const Bundle& bundle, const std::string& path) {
  const Report report = from_json(bundle.manifest());
  if (report.root_covers != kRootCovers) return;
  const std::string root = content_root(bundle, content_digests(bundle));
  if (root == report.root) return;
  throw Error(fmt::format(
      "verify {}: the content root is {}, its manifest says {} (build or fetch it again)", path,
      root, report.root));
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

/// The option that brings what this machine has at a path.
std::string remedy(const std::string& path, const FileStatus& status) {
  if (is_below(path, "/tmp")) return "docker run --tmpfs /tmp";
  bool program = status.kind == FileKind::file && (status.mode & 0111) != 0;
  return program ? "--add-binary " + shell_quoted(path)
                 : "--add-data " + shell_quoted(path + ":" + directory_of(path));
}

/// What the program looked for in vain, what this machine has first. Not what is the container's
/// own, nor what is in the bundle: where a bundled folder is read, the container is asked for more.
/// Of what this machine lacks, too, a few stand for all: no program finds everything.
std::string missed_text(const std::set<std::string>& missed, const Bundle& bundle, bool all) {
  std::set<std::string> inside;
  for (const BundleEntry& entry : bundle.entries()) inside.insert(entry.path);
  std::string here;
  std::vector<std::string> nowhere;
  const Sysroot machine;
  for (const std::string& path : missed) {
    if (inside.contains(path) || belongs_to_kernel(path) || belongs_to_engine(path)) continue;
    if (std::optional<FileStatus> status = machine.stat(path)) {
      here += fmt::format("  {}  ({})\n", path, remedy(path, *status));
    } else {
      nowhere.push_back(path);
    }
  }
  if (!here.empty()) here = "Looked for and not found, though this machine has it:\n" + here;
  if (nowhere.empty()) return here;
  const std::size_t shown = all ? nowhere.size() : std::min(nowhere.size(), kMostNowhere);
  std::string text = here + "Looked for and not found:\n";
  for (std::size_t i = 0; i < shown; ++i) text += fmt::format("  {}\n", nowhere[i]);
  if (shown == nowhere.size()) return text;
  return text +
         fmt::format("  and {} more, which this machine has not either (--verbose lists them)\n",
                     nowhere.size() - shown);
}

}  // namespace

int verify(const Verification& verification) {
  const std::string& path = verification.bundle;
  if (verification.quiet) Progress::disable();
  Bundle bundle = Bundle::open(path);
  check_contents(bundle, path);
  check_root(bundle, path);
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
  std::optional<std::set<std::string>> missed;
  if (!verification.quiet) isolation.missed = &missed;
  int status = run_isolated(isolation);
  if (status == kTimedOut && !verification.quiet) {
    fmt::print(stderr, "{}: still running after {} s, killed\n", path, verification.timeout);
  }
  if (missed) fmt::print(stderr, "{}", missed_text(*missed, bundle, verification.verbose));
  return status;
}

}  // namespace scratchpack
