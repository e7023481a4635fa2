// Addresses in code made absolute and relative again.
#include "runtime/addresses.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <vector>

#include "bundler/base/file.h"

using namespace scratchpack;

namespace {

Bytes there_and_back(Bytes bytes, std::uint64_t position, std::uint64_t file_size) {
  addresses_to_absolute(bytes.data(), bytes.size(), position, file_size);
  addresses_to_relative(bytes.data(), bytes.size(), position, file_size);
  return bytes;
}

/// An instruction that ends in this distance, little endian.
Bytes with_distance(Bytes opcode, std::uint32_t distance) {
  for (int shift = 0; shift < 32; shift += 8) {
    opcode.push_back(static_cast<std::uint8_t>(distance >> shift));
  }
  return opcode;
}

Bytes call(std::uint32_t distance) { return with_distance({0xe8}, distance); }

Bytes absolute(Bytes bytes, std::uint64_t position, std::uint64_t file_size) {
  addresses_to_absolute(bytes.data(), bytes.size(), position, file_size);
  return bytes;
}

/// Opcodes of every kind, and the index, often; small numbers of both signs behind them.
Bytes likely_bytes(std::mt19937_64& random, std::size_t size) {
  static constexpr std::uint8_t kLikely[] = {0xe8, 0xe9, 0x00, 0xff, 0x01, 0x0f, 0x84,
                                             0x48, 0x8b, 0x05, 0x10, 0x1b, 0x03, 0x3b};
  Bytes bytes(size);
  for (auto& byte : bytes) {
    const auto drawn = random();
    byte = drawn % 4 != 0 ? kLikely[(drawn >> 8) % sizeof kLikely]
                          : static_cast<std::uint8_t>(drawn >> 16);
  }
  for (std::size_t i = 0; i + 16 < size && random() % 2 == 0; i += 16 + random() % 64) {
    static constexpr std::uint8_t kIndex[] = {0x01, 0x1b, 0x03, 0x3b};
    std::ranges::copy(kIndex, bytes.begin() + static_cast<std::ptrdiff_t>(i));
    bytes[i + 8] = static_cast<std::uint8_t>(random() % 16);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(i) + 9, 3, std::uint8_t{0});
  }
  return bytes;
}

}  // namespace

TEST_CASE("calls of one function from two places become the same bytes") {
  CHECK(absolute(call(0x100), 0x1000, 0x10000) == call(0x1105));
  CHECK(absolute(call(0x0f0), 0x1010, 0x10000) == call(0x1105));
  CHECK(absolute(call(-0x1005U), 0x1000, 0x10000) == call(0));         // back to the first byte
  CHECK(absolute(call(-0x1006U), 0x1000, 0x10000) == call(-0x1006U));  // before the file: stays
  CHECK(absolute(call(0xeffb), 0x1000, 0x10000) == call(-0x1005U));    // behind it: one of the rest
  CHECK(absolute(call(0x10000), 0x1000, 0x10000) == call(0x10000));    // farther: stays
}

TEST_CASE("far jumps become the same bytes, near ones stay") {
  for (const Bytes& opcode : {Bytes{0xe9}, Bytes{0x0f, 0x84}}) {
    const auto size = static_cast<std::uint32_t>(opcode.size()) + 4;
    CHECK(absolute(with_distance(opcode, 0x1000), 0x1000, 0x10000) ==
          with_distance(opcode, 0x2000 + size));
    for (const std::uint32_t near : {0x7ffU, 0U, -0x7ffU}) {
      CHECK(absolute(with_distance(opcode, near), 0x1000, 0x10000) == with_distance(opcode, near));
    }
    // The first byte of the file would be a near one: what that becomes is taken instead.
    const std::uint32_t back = -(0x1000U + size);
    CHECK(absolute(with_distance(opcode, back), 0x1000, 0x10000) ==
          with_distance(opcode, 0x1000 + size));
    CHECK(there_and_back(with_distance(opcode, back), 0x1000, 0x10000) ==
          with_distance(opcode, back));
  }
}

TEST_CASE("data named from two places becomes the same bytes") {
  const Bytes lea = {0x48, 0x8d, 0x3d};  // rdi, [rip + distance]
  CHECK(absolute(with_distance(lea, 0x40), 0x20, 0x10000) == with_distance(lea, 0x67));
  CHECK(absolute(with_distance(lea, 0x30), 0x30, 0x10000) == with_distance(lea, 0x67));
  const Bytes move = {0x0f, 0x58, 0x05};  // addps xmm0, [rip + distance]
  CHECK(absolute(with_distance(move, 0x40), 0x20, 0x10000) == with_distance(move, 0x67));
  const Bytes through = {0x48, 0x8b, 0x43, 0x40, 0, 0, 0, 0};  // mov rax, [rbx + 0x40]
  CHECK(absolute(through, 0x20, 0x10000) == through);
}

TEST_CASE("the index of unwind entries becomes differences") {
  const auto index = [](const std::vector<std::uint32_t>& numbers, std::uint32_t count) {
    Bytes bytes = with_distance(with_distance({0x01, 0x1b, 0x03, 0x3b}, 0x1000), count);
    for (const std::uint32_t number : numbers) bytes = with_distance(bytes, number);
    return bytes;
  };
  const std::vector<std::uint32_t> pairs = {-300U, 100, -200U, 120, 50, 160};
  CHECK(absolute(index(pairs, 3), 0, 0x1000) == index({-300U, 100, 100, 20, 250, 40}, 3));
  CHECK(there_and_back(index(pairs, 3), 0, 0x1000) == index(pairs, 3));
  for (const std::uint32_t more : {4U, 0x1fffffffU, 0x20000003U, UINT32_MAX}) {
    CHECK(absolute(index(pairs, more), 0, 0x1000) == index(pairs, more));  // not all is here
  }
}

TEST_CASE("addresses come back as they were, whatever the bytes are") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 20000; ++round) {
    const Bytes bytes = likely_bytes(random, random() % 200);
    const std::uint64_t file_size = bytes.size() + (random() >> (random() % 64));
    const std::uint64_t position = random() % (file_size - bytes.size() + 1);
    CAPTURE(round);
    CHECK(there_and_back(bytes, position, file_size) == bytes);
    // What never was written by us is taken as safely.
    Bytes hostile = bytes;
    addresses_to_relative(hostile.data(), hostile.size(), position, file_size);
    branches_to_relative(hostile.data(), hostile.size(), position, file_size);
  }
}

TEST_CASE("addresses come back in every program and library, and cut anywhere") {
  std::size_t files = 0;
  for (const char* folder : {"/usr/bin", "/usr/lib/x86_64-linux-gnu"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.file_size() > 3'000'000 || ++files % 4 != 0) continue;
      const Bytes bytes = read_file(entry.path());
      CAPTURE(entry.path());
      CHECK(there_and_back(bytes, 0, bytes.size()) == bytes);
    }
  }
  CHECK(files > 40);
  const Bytes libc = read_file("/lib/x86_64-linux-gnu/libc.so.6");
  CHECK(absolute(libc, 0, libc.size()) != libc);
  const auto code = libc.begin() + 0x30000;
  for (std::ptrdiff_t begin = 0; begin < 16; ++begin) {
    for (std::ptrdiff_t size = 0; size < 1500; ++size) {
      const Bytes cut(code + begin, code + begin + size);
      const auto position = static_cast<std::uint64_t>(0x30000 + begin);
      REQUIRE(there_and_back(cut, position, libc.size()) == cut);
    }
  }
}

TEST_CASE("numbers that fit nowhere change nothing") {
  const Bytes bytes = call(0x100);
  for (const std::uint64_t huge : {UINT64_MAX, UINT64_MAX - 4, std::uint64_t{1} << 63,
                                   std::uint64_t{1} << 31, std::uint64_t{0x7ffffffb}}) {
    for (const auto change : {addresses_to_relative, branches_to_relative}) {
      Bytes changed = bytes;
      change(changed.data(), changed.size(), huge, UINT64_MAX);
      CHECK(changed == bytes);
      change(changed.data(), changed.size(), huge, 0);
      CHECK(changed == bytes);
    }
  }
}
