// Digests, by the libraries that do them well.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace scratchpack {

/// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(std::span<const std::uint8_t> bytes);

/// The same of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();
  void update(std::span<const std::uint8_t> bytes);
  /// Ends it.
  std::string hexadecimal();

 private:
  void* context_;  // OpenSSL's
};

/// XXH64 with seed 0: the checksum of the bundle format.
std::uint64_t xxh64(std::span<const std::uint8_t> bytes);
std::uint64_t xxh64_seeded(std::span<const std::uint8_t> bytes, std::uint64_t seed);

/// The same of bytes that come piece by piece.
class Xxh64 {
 public:
  Xxh64();
  Xxh64(const Xxh64&) = delete;
  Xxh64& operator=(const Xxh64&) = delete;
  ~Xxh64();
  void update(std::span<const std::uint8_t> bytes);
  std::uint64_t value() const;

 private:
  void* state_;  // xxHash's
};

}  // namespace scratchpack
