#include "bundler/base/values.h"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <regex>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

[[noreturn]] void reject(const std::string& option, const std::string& text,
                         const std::string& why) {
  throw UsageError(fmt::format("{} {}: {}", option, text.empty() ? "''" : text, why));
}

bool is_decimal(std::string_view text, std::uint64_t& number) {
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && code == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::uint32_t parse_number(const std::string& option, const std::string& text,
                           std::uint32_t highest) {
  std::uint64_t number = 0;
  if (!is_decimal(text, number)) reject(option, text, "not a number");
  if (number > highest) reject(option, text, fmt::format("above {}", highest));
  return static_cast<std::uint32_t>(number);
}

KeyValue parse_key_value(const std::string& option, const std::string& text) {
  std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) reject(option, text, "not of the form K=V");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Identity parse_identity(const std::string& option, const std::string& text) {
  // 2^32-1 is "no id" to the kernel.
  constexpr std::uint32_t kHighest = 0xfffffffe;
  std::size_t colon = text.find(':');
  std::uint64_t user = 0;
  std::uint64_t group = 0;
  std::string first = text.substr(0, colon);
  std::string second = colon == std::string::npos ? first : text.substr(colon + 1);
  if (!is_decimal(first, user) || !is_decimal(second, group) || user > kHighest ||
      group > kHighest) {
    reject(option, text, "not of the form UID[:GID] (numbers: a scratch image has no user names)");
  }
  return {static_cast<std::uint32_t>(user), static_cast<std::uint32_t>(group)};
}

std::string parse_port(const std::string& option, const std::string& text) {
  std::size_t slash = text.find('/');
  std::string protocol = slash == std::string::npos ? "tcp" : text.substr(slash + 1);
  std::uint64_t port = 0;
  if (!is_decimal(text.substr(0, slash), port) || port < 1 || port > 65535) {
    reject(option, text, "not a port of 1 to 65535");
  }
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    reject(option, text, "protocol is none of tcp, udp, sctp");
  }
  return text;
}

std::string parse_signal(const std::string& option, const std::string& text) {
  std::uint64_t number = 0;
  if (is_decimal(text, number)) {
    if (number < 1 || number > 64) reject(option, text, "not a signal of 1 to 64");
    return text;
  }
  std::string name = text.starts_with("SIG") ? text.substr(3) : text;
  for (int candidate = 1; candidate < 32; ++candidate) {
    const char* known = ::sigabbrev_np(candidate);
    if (known != nullptr && name == known) return "SIG" + name;
  }
  // The names the engines know for the real-time signals.
  if (name.starts_with("RTMIN+") && is_decimal(name.substr(6), number) && number <= 15) {
    return "SIG" + name;
  }
  reject(option, text, "not a signal (such as SIGTERM or 15)");
}

std::string parse_absolute(const std::string& option, const std::string& text) {
  if (!text.starts_with('/')) reject(option, text, "not an absolute path");
  std::string normal;
  for (const std::string& name : split(text, '/')) {
    if (name == ".") continue;
    if (name == "..") reject(option, text, "holds '..'");
    normal += "/" + name;
  }
  return normal.empty() ? "/" : normal;
}

std::string parse_image_name(const std::string& option, const std::string& text) {
  // The grammar of Docker's references, without digests.
  static const std::regex kName(
      "([A-Za-z0-9]+([.-]+[A-Za-z0-9]+)*(:[0-9]+)?/)?"
      "[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*)*"
      "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?");
  if (text.size() > 255 || !std::regex_match(text, kName)) {
    reject(option, text, "not an image's NAME[:TAG] (small letters, digits, '.', '_', '-', '/')");
  }
  const std::size_t slash = text.rfind('/');
  const bool tagged = text.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
  return tagged ? text : text + ":latest";
}

std::string parse_layers(const std::string& option, const std::string& text) {
  if (text == "single") return "1";
  std::uint64_t number = 0;
  if (!is_decimal(text, number) || number < 1 || number > 100) {
    reject(option, text, "neither a number of 1 to 100 nor 'single'");
  }
  return std::to_string(number);
}

std::string parse_platform(const std::string& option, const std::string& text) {
  if (text != "linux/amd64") {
    reject(option, text, "this tool bundles x86-64 programs, whose images are for linux/amd64");
  }
  return text;
}

std::vector<std::string> parse_words(const std::string& option, const std::string& text) {
  std::vector<std::string> words;
  bool open = false;  // a word has begun, if only by an empty pair of quotes
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == 0 && std::strchr(" \t\n", c) != nullptr) {
      open = false;
      continue;
    }
    if (!open) words.emplace_back();
    open = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size() &&
               (quote == 0 || std::strchr("\\\"$`", text[i + 1]) != nullptr)) {
      words.back() += text[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) reject(option, text, "a quote is not closed");
  if (words.empty()) reject(option, text, "no command");
  return words;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    std::size_t end = text.find(separator);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::uint64_t source_date_epoch() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr || *text == '\0') return 0;
  std::uint64_t seconds = 0;
  // Above this the calendar leaves four-digit years, and formats their fields.
  if (!is_decimal(text, seconds) || seconds > 253402300799) {
    throw UsageError(fmt::format("SOURCE_DATE_EPOCH={}: not seconds since 1970", text));
  }
  return seconds;
}

}  // namespace scratchpack
