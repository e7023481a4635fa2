#include "bundler/page.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "bundler/base/digest.h"
#include "bundler/base/path_text.h"

namespace scratchpack {

/// Made by the build from bundler/html/; each ends in a zero byte.
extern "C" const char scratchpack_page_html[];
extern "C" const char scratchpack_page_css[];
extern "C" const char scratchpack_page_js[];

namespace {

std::string base64(const std::string& hexadecimal) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  // Three hexadecimal digits are two of base64; what lacks is zero.
  for (std::size_t at = 0; at < hexadecimal.size(); at += 3) {
    std::string three = hexadecimal.substr(at, 3);
    three.resize(3, '0');
    const unsigned long bits = std::stoul(three, nullptr, 16);
    text += kDigits[bits >> 6];
    if (at + 1 < hexadecimal.size()) text += kDigits[bits & 63];
  }
  text.resize((text.size() + 3) / 4 * 4, '=');
  return text;
}

/// As a content security policy names an inline style or script.
std::string policy_source(std::string_view text) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return "'sha256-" + base64(sha256(bytes)) + "'";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// What a mark of page.html stands for.
std::string part(std::string_view mark, const Report& report) {
  if (mark == "title") return escaped(last_name(report.application));
  if (mark == "style") return scratchpack_page_css;
  if (mark == "script") return scratchpack_page_js;
  if (mark == "data") return page_data(report);
  return fmt::format(
      "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; "
      "form-action 'none'",
      policy_source(scratchpack_page_css), policy_source(scratchpack_page_js));
}

}  // namespace

std::string page_text(const Report& report) {
  std::string page;
  std::string_view rest = scratchpack_page_html;
  // Each mark once, from front to back: what was put in is not looked at again.
  for (std::string_view mark : {"policy", "title", "style", "data", "script"}) {
    const std::string written = fmt::format("{{{{{}}}}}", mark);
    const std::size_t at = rest.find(written);
    page += rest.substr(0, at);
    page += part(mark, report);
    rest.remove_prefix(at + written.size());
  }
  return page.append(rest);
}

}  // namespace scratchpack
