// The strings of the table; equal strings are stored once.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "bundler/base/file.h"

namespace scratchpack {

class Strings {
 public:
  Strings() : bytes_{0} {}
  /// The place of a string, NUL-ended.
  std::uint32_t add(const std::string& text);
  /// Bytes of any kind, a NUL behind them, always at a place of their own. Throws Error beyond
  /// 4 GiB in all.
  std::uint32_t append(std::span<const std::uint8_t> bytes);
  std::uint32_t append(const std::string& text);
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  std::map<std::string, std::uint32_t> known_;
};

}  // namespace scratchpack
