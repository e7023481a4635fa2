#include "bundler/base/interrupt.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

/// Runs `work` in a child that has our handlers; returns its wait status.
template <typename Work>
int in_child(const Work& work) {
  pid_t child = ::fork();
  if (child == 0) {
    // Whoever started the tests may ignore some (nohup does), and that is inherited.
    for (int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_DFL);
    remove_unfinished_on_signals();
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("a signal leaves no unfinished file or folder, and still ends the program") {
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    ScratchFolder folder;
    folder.write("keep/file", "precious");
    folder.write("tree/a/b/c", "x");
    folder.link("tree/a/link", folder.path("keep"));
    for (int i = 0; i < 500; ++i) folder.write("tree/many/" + std::to_string(i), "x");
    int status = in_child([&] {
      Unfinished tree(folder.path("tree"));
      AtomicFile file(folder.path("out"), 0644);
      file.write("half");
      ::raise(number);
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == number);
    CHECK(output_of("ls -A; cat keep/file", folder.path()) == "keep\nprecious");
  }
}

TEST_CASE("what is finished stays when a signal comes") {
  ScratchFolder folder;
  in_child([&] {
    AtomicFile file(folder.path("out"), 0644);
    file.write("whole");
    file.commit();
    folder.write("tree/file", "x");
    { Unfinished tree(folder.path("tree")); }
    ::raise(SIGTERM);
  });
  CHECK(output_of("cat out; ls -A", folder.path()) == "wholeout\ntree\n");
}

TEST_CASE("a signal that was ignored before stays ignored") {
  int status = in_child([&] {
    ::signal(SIGHUP, SIG_IGN);
    remove_unfinished_on_signals();
    ::raise(SIGHUP);
    ::_exit(7);
  });
  CHECK(WEXITSTATUS(status) == 7);
}

TEST_CASE("an output that is a link replaces what the link leads to") {
  ScratchFolder folder;
  folder.write("real/file", "old");
  folder.link("link", "real/file");
  AtomicFile file(folder.path("link"), 0644);
  file.write("new");
  file.commit();
  CHECK(output_of("cat real/file; readlink link; ls -A real", folder.path()) ==
        "newreal/file\nfile\n");
}

TEST_CASE("a device or a folder is never replaced by an output") {
  CHECK_THROWS_WITH_AS(AtomicFile("/dev/null", 0644),
                       "write /dev/null: is no regular file (name a file with --output)", Error);
  CHECK_THROWS_AS(AtomicFile("/tmp", 0644), Error);
  CHECK(output_of("test -c /dev/null && echo device", "/") == "device\n");
}
