// --library-path from end to end: what was found by it at build time is found in the container,
// where nobody sets LD_LIBRARY_PATH.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

using namespace scratchpack;

namespace {

/// Runs a program of a folder as that folder's root, with /proc and nothing else from outside.
int status_in_root(const ScratchFolder& folder, const std::string& root,
                   const std::string& program) {
  std::filesystem::create_directories(folder.path(root + "/proc"));
  const std::string user = ::geteuid() == 0 ? "" : "-r";
  int status = -1;
  output_of(fmt::format("unshare {} -m -p -f sh -c 'mount -t proc proc {}/proc && "
                        "exec chroot {} {}' 2>&1",
                        user, root, root, program),
            folder.path(), &status);
  return status;
}

/// A program that exits with 7 by a function of a library in the folder `odd`.
void make_program(const ScratchFolder& folder, const std::string& compiler) {
  folder.write("odd/answer.c", "int answer(void) { return 7; }");
  folder.write("main.c", "int answer(void); int main(void) { return answer(); }");
  folder.run(compiler + " -shared -fPIC odd/answer.c -Wl,-soname,libodd.so.1 -o odd/libodd.so.1");
  folder.run(compiler + " main.c odd/libodd.so.1 -o p");
}

void check_every_form(const std::string& compiler) {
  ScratchFolder folder;
  make_program(folder, compiler);
  for (const char* form : {"--compress none", "--compress fast", "--mode extract"}) {
    CAPTURE(form);
    folder.run(fmt::format("mkdir -p root/dev && {} build ./p --library-path odd {} -q -o root/b",
                           kTool, form));
    CHECK(status_in_root(folder, "root", "/b") == 7);
  }
  folder.run(fmt::format("{} build ./p --library-path {} --format dir -q -o plain", kTool,
                         folder.path("odd")));
  CHECK(status_in_root(folder, "plain", folder.path("p")) == 7);
}

}  // namespace

TEST_CASE("a library of the library path is found in every form of the bundle") {
  check_every_form("gcc");
}

TEST_CASE("a musl program finds a library of the library path in every form of the bundle") {
  check_every_form("musl-gcc");
}
