#include "bundler/content/distribution.h"

#include <optional>

#include "bundler/base/lines.h"

namespace scratchpack {
namespace {

/// A value as a shell would read it: between quotes a backslash takes the next letter as it is.
std::string unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  if (quoted) value = value.substr(1, value.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

}  // namespace

Distribution read_distribution(const Sysroot& sysroot) {
  std::optional<std::string> text = sysroot.read_text("/etc/os-release");
  if (!text) text = sysroot.read_text("/usr/lib/os-release");
  Distribution distribution;
  for_each_line(text ? std::string_view(*text) : std::string_view(), [&](std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view key = line.substr(0, equals);
    const std::string value = unquoted(line.substr(equals + 1));
    if (key == "ID") distribution.id = value;
    if (key == "VERSION_ID") distribution.version = value;
    if (key == "PRETTY_NAME") distribution.name = value;
  });
  return distribution;
}

}  // namespace scratchpack
