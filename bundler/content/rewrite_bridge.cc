#include "bundler/content/rewrite_bridge.h"

#include <algorithm>

#include "bundler/content/rewrite_thunks.h"

namespace scratchpack {

namespace {

constexpr std::uint8_t kLoad[] = {0x8b, 0x07};     // mov (%rdi),%eax
constexpr std::uint8_t kTestAll[] = {0x85, 0xc0};  // test %eax,%eax
constexpr std::uint8_t kTestBit[] = {0xf6, 0x07};  // testb $…,(%rdi)
constexpr std::uint8_t kMoves[] = {
    0x49, 0x89, 0xfb,              // mov %rdi,%r11
    0x48, 0x89, 0xf0,              // mov %rsi,%rax
    0x48, 0x89, 0xd7,              // mov %rdx,%rdi
    0x48, 0x89, 0xce,              // mov %rcx,%rsi
    0x4c, 0x89, 0xc2,              // mov %r8,%rdx
    0x4d, 0x89, 0xca,              // mov %r9,%r10
    0x4c, 0x8b, 0x44, 0x24, 0x08,  // mov 8(%rsp),%r8
    0x4c, 0x8b, 0x4c, 0x24, 0x10,  // mov 16(%rsp),%r9
    0x4c, 0x89, 0x5c, 0x24, 0x08,  // mov %r11,8(%rsp)
};
constexpr std::size_t kMoveCount = 9;
static_assert(kBridgeLength == kMoveCount + 3);

bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// The thunk in pieces: between them the stack pointer changes, which the unwind rows follow.
const std::vector<Bytes> kPushes = {{0x57}, {0x56}, {0x52}, {0x51}, {0x41, 0x50}, {0x41, 0x51}};
const std::vector<Bytes> kPops = {{0x41, 0x59}, {0x41, 0x58}, {0x59}, {0x5a}, {0x5e}, {0x5f}};
const Bytes kClear = {0x45, 0x31, 0xdb};  // xor %r11d,%r11d: not handled
const Bytes kArguments = {
    0x48, 0x89, 0xf0,              // mov %rsi,%rax
    0x48, 0x89, 0xd7,              // mov %rdx,%rdi
    0x48, 0x89, 0xce,              // mov %rcx,%rsi
    0x4c, 0x89, 0xc2,              // mov %r8,%rdx
    0x4d, 0x89, 0xca,              // mov %r9,%r10
    0x4c, 0x8b, 0x44, 0x24, 0x38,  // mov 56(%rsp),%r8: behind what was pushed
    0x4c, 0x8b, 0x4c, 0x24, 0x40,  // mov 64(%rsp),%r9
};
const Bytes kHandled = {0x49, 0x89, 0xcb};     // mov %rcx,%r11
const Bytes kWasHandled = {0x4d, 0x85, 0xdb};  // test %r11,%r11
constexpr std::size_t kCallLength = 5;

void append(Bytes& out, const Bytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// Up to and with the jump over the question, where the thread is to be cancelled anyway.
Bytes opening(const Bytes& test) {
  Bytes out;
  for (const auto& push : kPushes) append(out, push);
  append(out, kClear);
  append(out, test);
  std::size_t skipped = kArguments.size() + kCallLength + kHandled.size();
  append(out, {0x75, static_cast<std::uint8_t>(skipped)});  // jne to the pops
  append(out, kArguments);
  return out;
}

}  // namespace

std::optional<Bridge> find_bridge(const Disassembly& code, std::size_t call) {
  const auto& all = code.instructions();
  if (call < kBridgeLength || call + 1 >= all.size()) return std::nullopt;
  for (std::size_t i = call - kBridgeLength; i <= call; i++) {
    if (all[i].end() != all[i + 1].address) return std::nullopt;
  }
  std::size_t first = call - kBridgeLength;
  Bytes moves;
  for (std::size_t i = call - kMoveCount; i < call; i++) {
    auto bytes = code.bytes(i);
    moves.insert(moves.end(), bytes.begin(), bytes.end());
  }
  auto test = code.bytes(first + 1);
  auto branch = code.bytes(first + 2);
  bool jne = (branch.size() == 2 && branch[0] == 0x75) ||
             (branch.size() == 6 && branch[0] == 0x0f && branch[1] == 0x85);
  bool returns = code.bytes(call + 1).size() == 1 && code.bytes(call + 1)[0] == 0xc3;
  if (!equal(code.bytes(first), kLoad) || !equal(moves, kMoves) || !jne || !returns) {
    return std::nullopt;
  }
  Bridge out{first, {}, code.callers(all[first].address)};
  if (equal(test, kTestAll)) {
    out.test = {0x83, 0x3f, 0x00};  // cmpl $0,(%rdi)
  } else if (test.size() == 3 && equal(test.first(2), kTestBit)) {
    out.test.assign(test.begin(), test.end());
  } else {
    return std::nullopt;
  }
  bool entered_inside = code.entered_within(all[first].address + 1, all[call].end());
  if (out.callers.empty() || entered_inside || !code.only_called(all[first].address)) {
    return std::nullopt;
  }
  return out;
}

Bytes bridge_thunk(const Bytes& test, std::uint64_t address, std::uint64_t entry,
                   std::uint64_t bridge) {
  Bytes out = opening(test);
  out.push_back(0xe8);  // call entry
  put_relative(out, address + out.size() + 4, entry);
  append(out, kHandled);
  for (const auto& pop : kPops) append(out, pop);
  append(out, kWasHandled);
  append(out, {0x0f, 0x84});  // je bridge
  put_relative(out, address + out.size() + 4, bridge);
  out.push_back(0xc3);
  return out;
}

UnwindWriter::Steps bridge_rows(const Bytes& test) {
  UnwindRow row{kDwarfRsp, 8, {{kDwarfReturn, -8}}};
  UnwindWriter::Steps out = {{0, row}};
  std::uint64_t at = 0;
  for (const auto& push : kPushes) {
    at += push.size();
    row.offset += 8;
    out.push_back({at, row});
  }
  at = opening(test).size() + kCallLength + kHandled.size();
  for (const auto& pop : kPops) {
    at += pop.size();
    row.offset -= 8;
    out.push_back({at, row});
  }
  return out;
}

}  // namespace scratchpack
