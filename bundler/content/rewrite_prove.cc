#include "bundler/content/rewrite_prove.h"

#include <algorithm>

#include "bundler/content/rewrite_bridge.h"

namespace scratchpack {

namespace {

constexpr std::uint64_t kJumpLength = 5;
constexpr std::uint8_t kStepDown[] = {0x48, 0x8d, 0x64, 0x24, 0x80};
constexpr std::uint8_t kStepUp[] = {0x48, 0x8d, 0xa4, 0x24, 0x80, 0x00, 0x00, 0x00};
constexpr std::uint8_t kSystemCall[] = {0x0f, 0x05};
constexpr std::uint8_t kKeptExit[] = {0xe3, 0x05};
constexpr std::uint8_t kMovedExit[] = {0xe3, 0x02, 0xeb, 0x02};

}  // namespace

std::string hexadecimal(std::uint64_t value) {
  std::string out;
  do {
    out.insert(out.begin(), "0123456789abcdef"[value % 16]);
    value /= 16;
  } while (value != 0);
  return "0x" + out;
}

/// Reads a thunk's bytes forward.
class Prover::Cursor {
 public:
  Cursor(const ElfView& image, std::uint64_t address) : image_(image), address_(address) {}
  std::uint64_t address() const { return address_; }
  bool starts_with(std::span<const std::uint8_t> expected) const {
    auto found = image_.at(address_, expected.size());
    return !found.empty() && std::equal(found.begin(), found.end(), expected.begin());
  }
  bool take(std::span<const std::uint8_t> expected) {
    if (!starts_with(expected)) return false;
    address_ += expected.size();
    return true;
  }
  /// An opcode byte and the address its 4-byte distance leads to.
  std::optional<std::uint64_t> take_relative(std::uint8_t opcode) {
    auto found = image_.read<std::uint8_t>(address_);
    auto distance = image_.read<std::int32_t>(address_ + 1);
    if (!found || *found != opcode || !distance) return std::nullopt;
    address_ += kJumpLength;
    return address_ + static_cast<std::uint64_t>(std::int64_t{*distance});
  }

 private:
  const ElfView& image_;
  std::uint64_t address_;
};

void Prover::fault_at(std::uint64_t address, const char* sentence) {
  faults_.push_back("at " + hexadecimal(address) + ": " + sentence);
}

/// Proves the window or the call that a changed address belongs to; gives where it ends.
std::optional<std::uint64_t> Prover::prove_change(std::uint64_t address) {
  auto index = code_.index_containing(address);
  if (index && code_.instructions()[*index].flow == Flow::call) return prove_call(*index);
  auto window = prove_window(address);
  if (!window) return std::nullopt;
  check_window(*window);
  windows_.push_back(*window);
  return window->kind == RewriteSite::Kind::kept ? window->call : window->end;
}

/// A call that changed led to a cancellation bridge, as all its calls do, and leads to a thunk
/// that asks and goes on there.
std::optional<std::uint64_t> Prover::prove_call(std::size_t index) {
  const auto& caller = code_.instructions()[index];
  auto thunk = Cursor(image_, caller.address).take_relative(0xe8);
  auto first = code_.index_of(caller.target);
  auto bridge = first ? find_bridge(code_, *first + kBridgeLength) : std::nullopt;
  if (!is_added(thunk) || !bridge || bridge->first != *first) {
    fault_at(caller.address, "a call changed that is not one of a cancellation bridge");
    return std::nullopt;
  }
  auto expected = bridge_thunk(bridge->test, *thunk, added_, caller.target);
  if (!Cursor(image_, *thunk).take(expected)) {
    fault_at(caller.address, "the thunk does not ask and go on to the bridge");
    return std::nullopt;
  }
  for (auto other : bridge->callers) {
    if (Cursor(image_, code_.instructions()[other].address).take_relative(0xe8) == thunk) continue;
    fault_at(caller.address, "not all calls of the bridge lead to its thunk");
    return std::nullopt;
  }
  std::uint64_t call = code_.instructions()[*first + kBridgeLength].address;
  bridges_[call] = {*thunk, bridge->test};
  return caller.end();
}

/// Follows the jump at a changed address through its thunk.
std::optional<ProvedWindow> Prover::prove_window(std::uint64_t address) {
  auto index = code_.index_of(address);
  auto thunk = Cursor(image_, address).take_relative(0xe9);
  if (!index || !is_added(thunk)) {
    fault_at(address, "changed, and does not begin with a jump into the added segment");
    return std::nullopt;
  }
  ProvedWindow window{address, 0, 0, RewriteSite::Kind::unpatchable, *thunk, 0, 0};
  Cursor at(image_, *thunk);
  std::size_t next = *index;
  for (; !at.starts_with(kStepDown); next++) {
    bool adjacent = next == *index || code_.before(next).has_value();
    if (next == code_.instructions().size() || !adjacent || code_.effect(next).immovable ||
        !at.take(code_.bytes(next))) {
      fault_at(address, "the thunk does not hold what was displaced");
      return std::nullopt;
    }
  }
  at.take(kStepDown);
  window.stepped = at.address();
  auto entry = at.take_relative(0xe8);
  if (!entry || *entry != added_ || !at.take(kStepUp)) {
    fault_at(address, "the thunk does not ask the entry");
    return std::nullopt;
  }
  window.back = at.address();
  bool is_call = next < code_.instructions().size() &&
                 code_.instructions()[next].flow == Flow::system_call &&
                 (next == *index || code_.before(next).has_value());
  if (!is_call) {
    fault_at(address, "what was displaced does not lead up to a system call");
    return std::nullopt;
  }
  return prove_exits(window, next, at);
}

std::optional<ProvedWindow> Prover::prove_exits(ProvedWindow window, std::size_t call, Cursor at) {
  const auto& instruction = code_.instructions()[call];
  window.call = instruction.address;
  window.end = instruction.end();
  if (at.take(kKeptExit)) {
    window.kind = RewriteSite::Kind::kept;
    auto handled = at.take_relative(0xe9);
    auto declined = at.take_relative(0xe9);
    bool stays = Cursor(image_, window.call).starts_with(kSystemCall);
    if (handled == window.end && declined == window.call && stays) return window;
    fault_at(window.begin, "the thunk does not lead back to the system call and behind it");
    return std::nullopt;
  }
  window.kind = RewriteSite::Kind::moved;
  if (!at.take(kMovedExit) || !at.take(kSystemCall)) {
    fault_at(window.begin, "the thunk has no system call");
    return std::nullopt;
  }
  for (std::size_t next = call + 1;; next++) {
    auto end = Cursor(at).take_relative(0xe9);
    if (end == window.end) return window;
    if (next == code_.instructions().size() || !code_.before(next) ||
        code_.effect(next).immovable || !at.take(code_.bytes(next))) {
      fault_at(window.begin, "the thunk does not hold what was displaced behind the call");
      return std::nullopt;
    }
    window.end = code_.instructions()[next].end();
  }
}

void Prover::check_window(const ProvedWindow& window) {
  bool kept = window.kind == RewriteSite::Kind::kept;
  std::uint64_t overwritten_end = kept ? window.call : window.end;
  if (overwritten_end - window.begin < kJumpLength) {
    fault_at(window.begin, "the jump reaches over the end of its window");
    return;
  }
  auto rest = image_.at(window.begin + kJumpLength, overwritten_end - window.begin - kJumpLength);
  if (!std::all_of(rest.begin(), rest.end(), [](auto byte) { return byte == 0x90; })) {
    fault_at(window.begin, "the rest of the window is not nops");
  }
  if (code_.entered_within(window.begin + 1, window.end)) {
    fault_at(window.begin, "a branch of the original arrives inside the window");
  }
  if (!windows_.empty() && windows_.back().end > window.begin) {
    fault_at(window.begin, "two windows overlap");
  }
}

}  // namespace scratchpack
