// Branch targets made absolute and relative again.
#include "runtime/branches.h"

#include <doctest/doctest.h>

#include <random>

#include "bundler/base/file.h"

using namespace scratchpack;

namespace {

Bytes there_and_back(Bytes bytes, std::uint64_t position, std::uint64_t file_size) {
  branches_to_absolute(bytes.data(), bytes.size(), position, file_size);
  branches_to_relative(bytes.data(), bytes.size(), position, file_size);
  return bytes;
}

/// `call` over this distance, little endian.
Bytes call(std::uint32_t distance) {
  Bytes bytes = {0xe8};
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<std::uint8_t>(distance >> shift));
  }
  return bytes;
}

Bytes absolute(Bytes bytes, std::uint64_t position, std::uint64_t file_size) {
  branches_to_absolute(bytes.data(), bytes.size(), position, file_size);
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

TEST_CASE("branch targets come back as they were, whatever the bytes are") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes(random() % 200);
    for (auto& byte : bytes) {
      // Many opcodes, and small numbers of both signs behind them.
      static constexpr std::uint8_t kLikely[] = {0xe8, 0xe9, 0x00, 0xff, 0x01, 0x0f};
      const auto drawn = random();
      byte = drawn % 2 == 0 ? kLikely[(drawn >> 8) % 6] : static_cast<std::uint8_t>(drawn >> 16);
    }
    const std::uint64_t file_size = bytes.size() + (random() >> (random() % 64));
    const std::uint64_t position = random() % (file_size - bytes.size() + 1);
    CAPTURE(round);
    CHECK(there_and_back(bytes, position, file_size) == bytes);
  }
  for (const char* file : {"/lib/x86_64-linux-gnu/libc.so.6", "/bin/bash"}) {
    const Bytes bytes = read_file(file);
    CHECK(absolute(bytes, 0, bytes.size()) != bytes);
    CHECK(there_and_back(bytes, 0, bytes.size()) == bytes);
  }
}

TEST_CASE("numbers that fit nowhere change nothing") {
  const Bytes bytes = call(0x100);
  for (const std::uint64_t huge : {UINT64_MAX, UINT64_MAX - 4, std::uint64_t{1} << 63,
                                   std::uint64_t{1} << 31, std::uint64_t{0x7ffffffb}}) {
    Bytes changed = bytes;
    branches_to_relative(changed.data(), changed.size(), huge, UINT64_MAX);
    CHECK(changed == bytes);
    branches_to_relative(changed.data(), changed.size(), huge, 0);
    CHECK(changed == bytes);
  }
}
