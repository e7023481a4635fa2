// Runs the cases with a frame cache of their own: the user's is not theirs to fill.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/cases/bundle_fixture.h"

int main(int count, char** words) {
  const scratchpack::testing::TemporaryFolder folder;
  ::setenv("XDG_CACHE_HOME", folder.path("").c_str(), 1);
  return doctest::Context(count, words).run();
}
