#include "tests/cases/skip.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace scratchpack {

void skip(const std::string& reason) {
  std::printf("SKIPPED: %s\n", reason.c_str());
  const char* ci = std::getenv("CI");
  CHECK_MESSAGE((ci == nullptr || std::string_view(ci) != "true"), "CI must run it: ", reason);
}

}  // namespace scratchpack
