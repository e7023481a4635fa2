// Text taken apart by lines and paragraphs, without copies.
#pragma once

#include <algorithm>
#include <string_view>

namespace scratchpack {

/// Calls `use` for each line, without its newline.
template <typename Use>
void for_each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Calls `use` for each run of lines between empty ones.
template <typename Use>
void for_each_paragraph(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    if (end != 0) use(text.substr(0, end));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
}

}  // namespace scratchpack
