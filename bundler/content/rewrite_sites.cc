#include "bundler/content/rewrite_sites.h"

#include <algorithm>
#include <set>

#include "bundler/base/error.h"

namespace scratchpack {

namespace {

constexpr std::size_t kSitesLimit = 2000;  // a C library has some hundreds
constexpr std::size_t kWalkLimit = 400;    // instructions followed backwards from one site
constexpr std::size_t kPaddingLimit = 8;   // nops in a row
constexpr std::size_t kFlagsLimit = 64;    // followed forwards
constexpr std::uint64_t kJumpLength = 5;   // jmp rel32
constexpr std::size_t kWindowLimit = 5;    // instructions on one side: each has a byte at least
constexpr std::size_t kRangeLimit = 16;    // from the test of the cancellation flag to the call

/// Where execution may have been just before an instruction.
struct Predecessors {
  std::vector<std::size_t> indices;
  bool unknown = false;  // also somewhere that cannot be named
};

/// Whether an instruction is padding that nothing reaches: nops behind a jump or return.
bool is_padding(const Disassembly& code, std::size_t index) {
  for (std::size_t step = 0; step < kPaddingLimit; step++) {
    std::uint64_t address = code.instructions()[index].address;
    if (!code.effect(index).nothing || code.entered_within(address, address + 1)) return false;
    auto before = code.before(index);
    if (!before) return false;
    index = *before;
    switch (code.instructions()[index].flow) {
      case Flow::jump:
      case Flow::indirect:
      case Flow::end:
        return true;
      default:
        break;
    }
  }
  return false;
}

Predecessors predecessors(const Disassembly& code, std::size_t index) {
  Predecessors out;
  std::uint64_t address = code.instructions()[index].address;
  out.unknown = code.entered_from_elsewhere(address);
  out.indices = code.sources(address);
  if (auto before = code.before(index); before && !is_padding(code, *before)) {
    switch (code.instructions()[*before].flow) {
      case Flow::next:
      case Flow::conditional:
      case Flow::call:
      case Flow::system_call:
        out.indices.push_back(*before);
        break;
      case Flow::jump:
      case Flow::indirect:
      case Flow::end:
        break;
      case Flow::bad:
        out.unknown = true;
        break;
    }
  }
  if (out.indices.empty()) out.unknown = true;
  return out;
}

/// What a `pop` gets: the constant pushed right before it.
std::optional<std::int64_t> just_pushed(const Disassembly& code, std::size_t pop) {
  std::uint64_t address = code.instructions()[pop].address;
  auto push = code.before(pop);
  if (!push || code.entered_within(address, address + 1)) return std::nullopt;
  return code.pushed(*push);
}

/// Whether the code behind a `syscall` may look at status flags set before it. The kernel keeps
/// them, the entry code does not.
bool flags_live_after(const Disassembly& code, std::size_t call) {
  std::uint32_t live = ~std::uint32_t{0};
  std::optional<std::size_t> at = call;
  for (std::size_t step = 0; step < kFlagsLimit; step++) {
    const auto& current = code.instructions()[*at];
    at = code.index_of(current.flow == Flow::jump ? current.target : current.end());
    if (!at) return true;
    auto flow = code.instructions()[*at].flow;
    // By the calling convention no function reads flags it was entered or returned to with.
    if (flow == Flow::call || flow == Flow::end) return false;
    if (flow == Flow::indirect || flow == Flow::bad) return true;
    auto effect = code.effect(*at);
    if (effect.flags_read & live) return true;
    live &= ~effect.flags_written;
    if ((live & kStatusFlags) == 0) return false;
    if (flow == Flow::conditional) return true;
  }
  return true;
}

/// Searches the window of one site.
class WindowSearch {
 public:
  WindowSearch(const ElfView& elf, const Disassembly& code, const UnwindTable* unwind,
               std::uint64_t free_from)
      : elf_(elf), code_(code), unwind_(unwind), free_from_(free_from) {}

  /// Fills in a window that was found; else the site is unpatchable and says why.
  void find(Window& window) {
    if (flags_live_after(code_, window.call)) {
      give_up(window, "status flags are still needed behind it");
      return;
    }
    if (try_bridge(window)) return;
    std::string why_kept = try_kept(window);
    if (why_kept.empty()) return;
    if (compares_address(window.call)) {
      give_up(window, "must stay in the range that cancellation compares, but " + why_kept);
      return;
    }
    std::string why_moved = try_moved(window);
    if (!why_moved.empty()) give_up(window, why_kept + "; moved with it, " + why_moved);
  }

 private:
  static void give_up(Window& window, std::string why) {
    window.site.kind = RewriteSite::Kind::unpatchable;
    window.site.why = std::move(why);
  }

  const Instruction& at(std::size_t index) const { return code_.instructions()[index]; }

  bool try_bridge(Window& window);
  std::string try_kept(Window& window);
  std::string try_moved(Window& window);
  std::string take_around(Window& window, std::size_t before);
  std::string not_movable_before(std::size_t index) const;
  std::string check(Window& window) const;
  bool compares_address(std::size_t call) const;

  const ElfView& elf_;
  const Disassembly& code_;
  const UnwindTable* unwind_;
  std::uint64_t free_from_;
};

bool WindowSearch::try_bridge(Window& window) {
  window.bridge = find_bridge(code_, window.call);
  if (!window.bridge) return false;
  window.site.kind = RewriteSite::Kind::kept;
  window.first = window.call;
  window.last = window.call;
  window.begin = at(window.bridge->first).address;
  window.end = at(window.call).end();
  return true;
}

/// Takes as many whole instructions before the call as give the jump room: an empty string, or
/// why there are too few.
std::string WindowSearch::try_kept(Window& window) {
  std::size_t first = window.call;
  while (at(window.call).address - at(first).address < kJumpLength) {
    if (std::string why = not_movable_before(first); !why.empty()) return why;
    first--;
  }
  window.site.kind = RewriteSite::Kind::kept;
  window.first = first;
  window.last = window.call;
  window.begin = at(first).address;
  window.end = at(window.call).end();
  return check(window);
}

/// The call moves too: first with what lies before it, else with what lies behind it.
std::string WindowSearch::try_moved(Window& window) {
  window.site.kind = RewriteSite::Kind::moved;
  std::string first_reason;
  for (std::size_t before = kWindowLimit + 1; before-- > 0;) {
    std::string why = take_around(window, before);
    if (why.empty()) why = check(window);
    if (why.empty()) return {};
    first_reason = why;  // of the smallest reach backwards: what stands in every other's way
  }
  return first_reason;
}

std::string WindowSearch::take_around(Window& window, std::size_t before) {
  std::size_t first = window.call;
  std::size_t last = window.call;
  for (; before > 0 && at(last).end() - at(first).address < kJumpLength; before--) {
    if (std::string why = not_movable_before(first); !why.empty()) return why;
    first--;
  }
  if (before > 0) return "less is enough";
  while (at(last).end() - at(first).address < kJumpLength) {
    if (last + 1 == code_.instructions().size() || at(last + 1).address != at(last).end()) {
      return "nothing known lies behind it";
    }
    last++;
    if (const char* why = code_.effect(last).immovable) {
      return std::string("an instruction behind it ") + why;
    }
  }
  window.first = first;
  window.last = last + 1;
  window.begin = at(first).address;
  window.end = at(last).end();
  return {};
}

/// Why the instruction before `index` cannot be taken in; empty when it can.
std::string WindowSearch::not_movable_before(std::size_t index) const {
  if (code_.entered_within(at(index).address, at(index).address + 1)) {
    return "a branch arrives too close before it";
  }
  auto before = code_.before(index);
  if (!before) return "nothing known lies before it";
  if (const char* why = code_.effect(*before).immovable) {
    return std::string("an instruction before it ") + why;
  }
  return {};
}

/// The rules for a window as a whole.
std::string WindowSearch::check(Window& window) const {
  if (window.begin < free_from_) return "the window before it is too close";
  if (code_.entered_within(window.begin + 1, window.end)) return "a branch arrives between";
  window.row.reset();
  if (unwind_ == nullptr) return {};
  auto row = unwind_->row(elf_, window.begin);
  for (std::size_t i = window.first; i < std::max(window.last, window.call + 1); i++) {
    if (unwind_->row(elf_, at(i).address) != row) return "the unwind rules change between";
  }
  window.row = std::move(row);
  return {};
}

/// Cancellation in newer C libraries asks whether the interrupted instruction lies between a test
/// of the thread's flag, `mov (%rdi),%eax` and what follows it, and the `syscall`.
bool WindowSearch::compares_address(std::size_t call) const {
  constexpr std::uint8_t kLoad[] = {0x8b, 0x07};
  std::size_t index = call;
  for (std::size_t step = 0; step < kRangeLimit; step++) {
    auto before = code_.before(index);
    if (!before) return false;
    index = *before;
    if (at(index).flow == Flow::next) continue;
    if (at(index).flow != Flow::conditional || index < 2) return false;
    auto load = code_.bytes(index - 2);
    return std::equal(load.begin(), load.end(), std::begin(kLoad), std::end(kLoad));
  }
  return false;
}

}  // namespace

CallSet calls_of(RewriteRole role) {
  unsigned wanted = role == RewriteRole::linker    ? unsigned{kLinker}
                    : role == RewriteRole::library ? unsigned{kLibrary}
                                                   : unsigned{kBoth};
  CallSet out;
  for (const auto& call : kCalls) {
    if (call.scope & wanted) out.set(static_cast<std::size_t>(call.number));
  }
  return out;
}

std::optional<std::vector<std::int64_t>> numbers_at(const Disassembly& code, std::size_t call) {
  using State = std::pair<std::size_t, RegisterNumber>;  // before this, the number is in that
  std::set<std::int64_t> numbers;
  std::set<State> seen;
  std::vector<State> open;
  auto follow = [&](std::size_t index, RegisterNumber in) {
    if (seen.insert({index, in}).second) open.push_back({index, in});
  };
  follow(call, kRax);
  while (!open.empty()) {
    if (seen.size() > kWalkLimit) return std::nullopt;
    auto [index, in] = open.back();
    open.pop_back();
    auto from = predecessors(code, index);
    if (from.unknown || from.indices.size() > kWalkLimit) return std::nullopt;
    for (auto before : from.indices) {
      auto assignment = code.assignment(before, in);
      switch (assignment.kind) {
        case Assignment::Kind::untouched:
          follow(before, in);
          break;
        case Assignment::Kind::copied:
          follow(before, assignment.from);
          break;
        case Assignment::Kind::constant:
          numbers.insert(assignment.value);
          break;
        case Assignment::Kind::popped: {
          auto value = just_pushed(code, before);
          if (!value) return std::nullopt;
          numbers.insert(*value);
          break;
        }
        case Assignment::Kind::unknown:
          return std::nullopt;
      }
    }
  }
  return std::vector<std::int64_t>(numbers.begin(), numbers.end());
}

bool matters(const std::optional<std::vector<std::int64_t>>& numbers, const CallSet& calls) {
  if (!numbers) return true;
  return std::any_of(numbers->begin(), numbers->end(), [&calls](std::int64_t number) {
    return number >= 0 && number < kCallLimit && calls.test(static_cast<std::size_t>(number));
  });
}

std::vector<Window> plan_windows(const ElfView& elf, const Disassembly& code,
                                 const CallSet& calls) {
  auto unwind = UnwindTable::read(elf);
  std::vector<Window> out;
  std::uint64_t free_from = 0;
  std::size_t sites = 0;
  for (std::size_t i = 0; i < code.instructions().size(); i++) {
    if (code.instructions()[i].flow != Flow::system_call) continue;
    if (++sites > kSitesLimit) throw Error("more system calls than any C library has");
    auto numbers = numbers_at(code, i);
    if (!matters(numbers, calls)) continue;
    Window window;
    window.call = i;
    window.site.address = code.instructions()[i].address;
    window.site.number = numbers && numbers->size() == 1 ? static_cast<int>(numbers->front()) : -1;
    WindowSearch(elf, code, unwind ? &*unwind : nullptr, free_from).find(window);
    if (window.site.kind != RewriteSite::Kind::unpatchable) free_from = window.end;
    out.push_back(std::move(window));
  }
  return out;
}

}  // namespace scratchpack
