#include "bundler/content/rewrite_thunks.h"

#include "bundler/base/error.h"
#include "bundler/content/rewrite_bridge.h"

namespace scratchpack {

namespace {

constexpr std::int64_t kRedZone = 128;

void put(Bytes& out, std::initializer_list<int> bytes) {
  for (int byte : bytes) out.push_back(static_cast<std::uint8_t>(byte));
}

void put(Bytes& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Writes a thunk at the address where it will run.
struct Assembler {
  Bytes out;
  std::uint64_t address;
  void relative(std::initializer_list<int> opcode, std::uint64_t target) {
    put(out, opcode);
    put_relative(out, address + out.size() + 4, target);
  }
};

UnwindRow lowered(UnwindRow row, std::int64_t bytes) {
  if (row.base == kDwarfRsp) row.offset += bytes;
  return row;
}

}  // namespace

void put_relative(Bytes& out, std::uint64_t end, std::uint64_t target) {
  auto distance = static_cast<std::int64_t>(target - end);
  if (distance != static_cast<std::int32_t>(distance)) {
    throw Error("the added code lies further than 2 GiB from what it replaces");
  }
  auto word = static_cast<std::uint32_t>(distance);
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(word >> shift));
  }
}

Thunk make_thunk(const Disassembly& code, const Window& window, std::uint64_t address,
                 std::uint64_t entry) {
  if (window.bridge) {
    const auto& test = window.bridge->test;
    return {bridge_thunk(test, address, entry, window.begin), bridge_rows(test)};
  }
  Assembler to{{}, address};
  for (std::size_t i = window.first; i < window.call; i++) put(to.out, code.bytes(i));
  put(to.out, {0x48, 0x8d, 0x64, 0x24, 0x80});  // lea -128(%rsp), %rsp
  std::uint64_t stepped = to.out.size();
  to.relative({0xe8}, entry);
  put(to.out, {0x48, 0x8d, 0xa4, 0x24, 0x80, 0x00, 0x00, 0x00});  // lea 128(%rsp), %rsp
  std::uint64_t back = to.out.size();
  if (window.site.kind == RewriteSite::Kind::kept) {
    put(to.out, {0xe3, 0x05});  // jrcxz over the jump
    to.relative({0xe9}, window.end);
    to.relative({0xe9}, window.site.address);
  } else {
    put(to.out, {0xe3, 0x02, 0xeb, 0x02});  // jrcxz to the syscall; jmp over it
    for (std::size_t i = window.call; i < window.last; i++) put(to.out, code.bytes(i));
    to.relative({0xe9}, window.end);
  }
  Thunk out{std::move(to.out), {}};
  if (window.row && window.row->writable()) {
    out.rows = {{0, *window.row}, {stepped, lowered(*window.row, kRedZone)}, {back, *window.row}};
  }
  return out;
}

std::vector<Patch> make_patches(const Disassembly& code, const Window& window,
                                std::uint64_t thunk) {
  auto leading = [thunk](std::uint8_t opcode, std::uint64_t address) {
    Patch out{address, {opcode}};
    put_relative(out.bytes, address + 5, thunk);
    return out;
  };
  std::vector<Patch> out;
  if (window.bridge) {
    for (auto caller : window.bridge->callers) {
      out.push_back(leading(0xe8, code.instructions()[caller].address));
    }
    return out;
  }
  out.push_back(leading(0xe9, window.begin));
  bool kept = window.site.kind == RewriteSite::Kind::kept;
  std::uint64_t end = kept ? window.site.address : window.end;
  out.back().bytes.resize(end - window.begin, 0x90);
  return out;
}

}  // namespace scratchpack
