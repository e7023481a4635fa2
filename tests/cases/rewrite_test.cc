#include "bundler/content/rewrite.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

using namespace scratchpack;

namespace {

struct Counts {
  std::size_t kept = 0;
  std::size_t moved = 0;
  std::size_t unpatchable = 0;
};

Counts count(const RewrittenFile& file) {
  Counts out;
  for (const auto& site : file.sites) {
    switch (site.kind) {
      case RewriteSite::Kind::kept:
        out.kept++;
        break;
      case RewriteSite::Kind::moved:
        out.moved++;
        break;
      case RewriteSite::Kind::unpatchable:
        out.unpatchable++;
        break;
    }
  }
  return out;
}

/// Rewrites and proves one file, and prints its counts.
RewrittenFile rewrite_proved(const std::string& path, RewriteRole role, const std::string& name) {
  auto original = read_file(path);
  auto out = rewrite(original, role, name);
  auto faults = verify_rewrite(original, out, role);
  for (const auto& fault : faults) MESSAGE(name << ": " << fault);
  CHECK(faults.empty());
  for (const auto& site : out.sites) {
    if (site.kind == RewriteSite::Kind::unpatchable) MESSAGE(name << ": " << site.why);
  }
  CHECK(needed_sites_rewritten(out));
  auto counts = count(out);
  std::printf("%s: %zu sites, %zu kept, %zu moved\n", name.c_str(), out.sites.size(), counts.kept,
              counts.moved);
  return out;
}

}  // namespace

TEST_CASE("every needed system call of this machine's C library and linker can be rewritten") {
  auto libc = rewrite_proved("/lib/x86_64-linux-gnu/libc.so.6", RewriteRole::library, "libc");
  CHECK(libc.sites.size() > 20);
  auto linker = rewrite_proved("/lib64/ld-linux-x86-64.so.2", RewriteRole::linker, "ld.so");
  CHECK(linker.sites.size() > 10);
}
