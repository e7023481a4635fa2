#include "tests/cases/c_libraries.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/cases/scratch_folder.h"
#include "tests/cases/skip.h"

namespace scratchpack {

namespace {

/// The glibc and musl below `root`, as far as they are there.
void add_found(std::vector<CLibrary>& out, const std::string& root, const std::string& versions) {
  const std::string glibc = root + "/usr/lib/x86_64-linux-gnu/";
  const std::string musl = root + "/usr/lib/x86_64-linux-musl/libc.so";
  std::istringstream lines(versions);
  std::string package;
  std::string version;
  while (lines >> package >> version) {
    std::string name = package + " " + version;
    if (package == "libc6" && std::filesystem::exists(glibc + "libc.so.6")) {
      out.push_back({name, false, glibc + "libc.so.6", glibc + "ld-linux-x86-64.so.2"});
    }
    if (package == "musl" && std::filesystem::exists(musl)) out.push_back({name, true, musl, musl});
  }
}

}  // namespace

std::vector<CLibrary> c_libraries() {
  std::vector<CLibrary> out;
  add_found(out, "",
            output_of("dpkg-query -W -f '${Package} ${Version}\\n' libc6:amd64 musl:amd64", "/"));
  const std::string folder = SCRATCHPACK_BINARY_DIR "/libcs";
  int status = 0;
  output_of(SCRATCHPACK_SOURCE_DIR "/tests/lib/fetch_libcs.sh " + folder, "/", &status);
  if (status != 0) {
    skip("later C libraries could not be fetched (tests/lib/fetch_libcs.sh says why)");
  }
  for (const char* suite : {"trixie", "sid"}) {
    std::ifstream in(folder + "/" + suite + "/versions");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    add_found(out, folder + "/" + suite + "/root", text);
  }
  return out;
}

RewrittenFile rewrite_proved(const std::string& path, RewriteRole role) {
  INFO(path);
  auto original = read_file(path);
  auto out = rewrite(original, role, path);
  for (const auto& fault : verify_rewrite(original, out, role)) FAIL_CHECK(fault);
  for (const auto& site : out.sites) {
    if (site.kind == RewriteSite::Kind::unpatchable) MESSAGE(site.why);
  }
  CHECK(needed_sites_rewritten(out));
  return out;
}

void write_program(const std::string& path, const Bytes& bytes) {
  AtomicFile out(path, 0755);
  out.write(bytes);
  out.commit();
}

}  // namespace scratchpack
