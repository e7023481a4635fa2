#include "bundler/base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace scratchpack {
namespace {

constexpr std::chrono::milliseconds kQuietFor{500};
constexpr std::chrono::milliseconds kBetween{100};

bool is_capable_terminal(int descriptor) {
  const char* terminal = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

bool& enabled() {
  static bool value = is_capable_terminal(STDERR_FILENO);
  return value;
}

}  // namespace

Progress::Progress(std::string label, std::uint64_t total)
    : label_(std::move(label)),
      total_(total),
      next_(std::chrono::steady_clock::now() + kQuietFor) {}

Progress::~Progress() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::advance(std::uint64_t amount) {
  done_ += amount;
  if (!enabled()) return;
  auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kBetween;
  draw();
}

void Progress::disable() { enabled() = false; }

void Progress::draw() {
  drawn_ = true;
  if (total_ == 0) {
    fmt::print(stderr, "\r\x1b[K{}…", label_);
  } else {
    fmt::print(stderr, "\r\x1b[K{}… {} %", label_, done_ >= total_ ? 100 : done_ * 100 / total_);
  }
  std::fflush(stderr);
}

bool may_style(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && is_capable_terminal(descriptor);
}

}  // namespace scratchpack
