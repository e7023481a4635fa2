#include "bundler/limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "bundler/base/error.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

constexpr std::array kMeasures = {"waste", "overwritten", "deleted", "duplicates", "size"};

constexpr std::pair<std::string_view, double> kUnits[] = {
    {"", 1},     {"B", 1},        {"kB", 1e3},        {"MB", 1e6},
    {"GB", 1e9}, {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}};

[[noreturn]] void refuse(const std::string& option, const std::string& text) {
  throw UsageError(fmt::format(
      "{} {}: not MEASURE>AMOUNT (measures: {}; amounts: 5%, 300kB, 1.5MB, 20MiB, no % of size)",
      option, text, fmt::join(kMeasures, ", ")));
}

std::uint64_t bytes_of(const std::string& measure, const Measures& measures) {
  if (measure == "overwritten") return measures.overwritten;
  if (measure == "deleted") return measures.deleted;
  if (measure == "duplicates") return measures.duplicates;
  return measure == "size" ? measures.whole : measures.waste();
}

double percent_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double Measures::waste_percent() const { return percent_of(waste(), whole); }

Limit parse_limit(const std::string& option, const std::string& text) {
  std::string rest = text;
  std::erase_if(rest, [](char c) { return c == ' ' || c == '\t'; });
  const std::size_t sign = rest.find('>');
  if (sign == std::string::npos) refuse(option, text);
  Limit limit{.text = text, .measure = rest.substr(0, sign)};
  rest.erase(0, sign + 1);
  limit.reached = rest.starts_with('=');
  if (limit.reached) rest.erase(0, 1);
  if (std::find(kMeasures.begin(), kMeasures.end(), limit.measure) == kMeasures.end()) {
    refuse(option, text);
  }
  const char* end = rest.data() + rest.size();
  auto [behind, code] = std::from_chars(rest.data(), end, limit.amount, std::chars_format::fixed);
  // from_chars takes -1, inf and nan as well.
  if (code != std::errc() || rest[0] < '0' || rest[0] > '9') refuse(option, text);
  const std::string_view unit(behind, static_cast<std::size_t>(end - behind));
  limit.percent = unit == "%";
  if (limit.percent && limit.measure != "size") return limit;
  auto known = std::find_if(std::begin(kUnits), std::end(kUnits),
                            [&](const auto& each) { return each.first == unit; });
  if (known == std::end(kUnits)) refuse(option, text);
  limit.amount *= known->second;
  return limit;
}

std::string checked_limit(const std::string& option, const std::string& text) {
  return parse_limit(option, text).text;
}

std::optional<std::string> exceeded(const Limit& limit, const Measures& measures) {
  const std::uint64_t bytes = bytes_of(limit.measure, measures);
  const double amount =
      limit.percent ? percent_of(bytes, measures.whole) : static_cast<double>(bytes);
  const bool met = limit.reached ? amount >= limit.amount : amount > limit.amount;
  if (!met) return std::nullopt;
  if (limit.measure == "size") return fmt::format("{}: it is {}", limit.text, human_size(bytes));
  return fmt::format("{}: it is {} of {}, {:.1f} %", limit.text, human_size(bytes),
                     human_size(measures.whole), percent_of(bytes, measures.whole));
}

}  // namespace scratchpack
