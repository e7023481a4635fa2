// Digests, by the libraries that do them well.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace scratchpack {

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::uint8_t> bytes);

/// XXH64 with seed 0: the checksum of the bundle format.
std::uint64_t xxh64(std::span<const std::uint8_t> bytes);
std::uint64_t xxh64_seeded(std::span<const std::uint8_t> bytes, std::uint64_t seed);

}  // namespace scratchpack
