#include "bundler/write/strings.h"

#include "bundler/base/error.h"

namespace scratchpack {

std::uint32_t Strings::add(const std::string& text) {
  const auto [at, fresh] = known_.emplace(text, 0);
  if (fresh) at->second = append(text);
  return at->second;
}

std::uint32_t Strings::append(std::span<const std::uint8_t> bytes) {
  const std::uint64_t at = bytes_.size();
  if (at + bytes.size() >= UINT32_MAX) throw Error("write the bundle: its names exceed 4 GiB");
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.push_back(0);
  return static_cast<std::uint32_t>(at);
}

std::uint32_t Strings::append(const std::string& text) {
  return append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace scratchpack
