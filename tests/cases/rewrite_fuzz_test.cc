// Nothing that a file contains may take the rewriter down: mutated and truncated copies of real
// files end in a result or an Error, in bounded time and memory.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <random>

#include "bundler/base/error.h"
#include "bundler/content/rewrite.h"
#include "tests/cases/scratch_folder.h"

using namespace scratchpack;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr rlim_t kMemory = rlim_t{1} << 30;
constexpr unsigned kSeconds = kSanitized ? 60 : 10;

/// A copy with some bytes, words or stretches changed: half of them where the headers are.
Bytes mutate(Bytes bytes, std::mt19937& random) {
  auto below = [&random](std::size_t limit) { return random() % limit; };
  constexpr std::size_t kHeaders = 1024;
  const std::uint64_t kWords[] = {
      0,          1,     0x7fffffff,   0xffffffff,      0x7fffffffffffffff,
      UINT64_MAX, 0xfff, bytes.size(), bytes.size() - 1};
  for (std::size_t count = 1 + below(12); count > 0; count--) {
    std::size_t range = below(2) == 0 ? std::min(kHeaders, bytes.size()) : bytes.size();
    std::size_t at = below(range);
    switch (below(4)) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1u << below(8));
        break;
      case 2: {
        std::uint64_t word = kWords[below(std::size(kWords))];
        at -= at % 8;
        if (at + 8 <= bytes.size()) std::memcpy(bytes.data() + at, &word, 8);
        break;
      }
      default:
        for (std::size_t i = at; i < std::min(at + 64, bytes.size()); i++) {
          bytes[i] = static_cast<std::uint8_t>(random());
        }
    }
  }
  if (below(8) == 0) bytes.resize(below(bytes.size()));
  return bytes;
}

/// In a child: 0 rewritten and proved, 1 refused, 2 rewritten and not proved.
[[noreturn]] void attempt(const Bytes& bytes, RewriteRole role) {
  if (!kSanitized) {
    rlimit memory{kMemory, kMemory};
    if (setrlimit(RLIMIT_AS, &memory) != 0) _exit(3);
  }
  rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) _exit(3);
  alarm(kSeconds);
  try {
    auto out = rewrite(bytes, role, "mutant");
    _exit(verify_rewrite(bytes, out, role).empty() ? 0 : 2);
  } catch (const Error&) {
    _exit(1);
  }
}

struct Outcomes {
  int proved = 0;
  int refused = 0;
  int unproved = 0;
  int died = 0;
};

Outcomes try_mutants(const std::string& path, RewriteRole role, int count) {
  const auto original = read_file(path);
  Outcomes out;
  for (int seed = 0; seed < count; seed++) {
    std::mt19937 random(static_cast<std::uint32_t>(seed));
    auto mutant = mutate(original, random);
    std::fflush(nullptr);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) attempt(mutant, role);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    INFO(path << " with seed " << seed);
    bool ended = WIFEXITED(status) && WEXITSTATUS(status) <= 2;
    CHECK(ended);
    if (!ended) {
      out.died++;
    } else if (WEXITSTATUS(status) == 0) {
      out.proved++;
    } else {
      (WEXITSTATUS(status) == 1 ? out.refused : out.unproved)++;
    }
  }
  std::printf("%s: %d mutants proved, %d refused, %d not proved, %d died\n", path.c_str(),
              out.proved, out.refused, out.unproved, out.died);
  return out;
}

}  // namespace

TEST_CASE("no mutant of a C library, a linker or a small library takes the rewriter down") {
  ScratchFolder folder;
  folder.run("cc -shared -nostdlib -x assembler-with-cpp " SCRATCHPACK_SOURCE_DIR
             "/tests/cases/rewrite_windows.S -Wl,--build-id -o windows.so");
  constexpr int kShare = kSanitized ? 10 : 1;
  auto small = try_mutants(folder.path("windows.so"), RewriteRole::library, 2000 / kShare);
  auto linker = try_mutants("/lib64/ld-linux-x86-64.so.2", RewriteRole::linker, 500 / kShare);
  auto library = try_mutants("/lib/x86_64-linux-gnu/libc.so.6", RewriteRole::library, 100 / kShare);
  // The mutants reach all the way in, and are not all thrown out at the door.
  for (const auto& outcomes : {small, linker, library}) {
    CHECK(outcomes.proved > 0);
    CHECK(outcomes.refused > 0);
    CHECK(outcomes.unproved == 0);
  }
}
