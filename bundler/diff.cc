#include "bundler/diff.h"

#include <fmt/format.h>

#include <set>

#include "bundler/summary.h"

namespace scratchpack {
namespace {

/// Packages by name; what is there in two versions (of two architectures) has both.
std::map<std::string, std::string> packages_of(const DiffSide& side) {
  std::map<std::string, std::set<std::string>> versions;
  for (const auto& [path, file] : side.files) {
    std::size_t space = file.package.find(' ');
    if (space == std::string::npos) continue;
    versions[file.package.substr(0, space)].insert(file.package.substr(space + 1));
  }
  std::map<std::string, std::string> packages;
  for (const auto& [name, each] : versions)
    packages[name] = fmt::format("{}", fmt::join(each, ", "));
  return packages;
}

std::vector<DiffValue> values_between(const std::map<std::string, std::string>& before,
                                      const std::map<std::string, std::string>& after) {
  std::map<std::string, DiffValue> all;
  for (const auto& [name, value] : before) all[name] = {name, value, std::nullopt};
  for (const auto& [name, value] : after) {
    all[name].name = name;
    all[name].after = value;
  }
  std::vector<DiffValue> differing;
  for (const auto& [name, value] : all) {
    if (value.before != value.after) differing.push_back(value);
  }
  return differing;
}

/// What is another, or nothing.
std::string change_between(const DiffFile& before, const DiffFile& after) {
  std::vector<std::string> words;
  if (before.kind != after.kind) words.push_back(before.kind + " -> " + after.kind);
  if (before.target != after.target) {
    words.push_back(fmt::format("leads to {} -> {}", before.target, after.target));
  }
  if (before.digest != after.digest && before.kind == after.kind) {
    words.push_back(
        before.size == after.size
            ? "content"
            : fmt::format("content, {} -> {}", human_size(before.size), human_size(after.size)));
  }
  if (before.mode != after.mode) {
    words.push_back(fmt::format("mode {:04o} -> {:04o}", before.mode, after.mode));
  }
  return fmt::format("{}", fmt::join(words, "; "));
}

/// Regular files and the bytes in them.
std::pair<std::int64_t, std::int64_t> sum_of(const DiffSide& side) {
  std::pair<std::int64_t, std::int64_t> sum;
  for (const auto& [path, file] : side.files) {
    if (file.kind != "file") continue;
    ++sum.first;
    sum.second += static_cast<std::int64_t>(file.size);
  }
  return sum;
}

}  // namespace

Difference difference(const DiffSide& before, const DiffSide& after) {
  Difference result{.before = before.name, .after = after.name};
  for (const auto& [path, file] : before.files) {
    auto other = after.files.find(path);
    if (other == after.files.end()) {
      result.removed.push_back(path);
      continue;
    }
    std::string change = change_between(file, other->second);
    if (!change.empty()) result.changed.emplace_back(path, change);
  }
  for (const auto& [path, file] : after.files) {
    if (!before.files.contains(path)) result.added.push_back(path);
  }
  result.packages = values_between(packages_of(before), packages_of(after));
  result.environment = values_between(before.environment, after.environment);
  result.settings = values_between(before.settings, after.settings);
  auto [files_before, size_before] = sum_of(before);
  auto [files_after, size_after] = sum_of(after);
  result.net_files = files_after - files_before;
  result.net_size = size_after - size_before;
  result.net_output =
      static_cast<std::int64_t>(after.bytes) - static_cast<std::int64_t>(before.bytes);
  result.same = result.added.empty() && result.removed.empty() && result.changed.empty() &&
                result.packages.empty() && result.environment.empty() && result.settings.empty();
  return result;
}

int diff(const std::string& before, const std::string& after, bool json) {
  DiffSide sides[2] = {diff_side(before), diff_side(after)};
  Difference found = difference(sides[0], sides[1]);
  fmt::print("{}",
             json ? diff_json(found, sides[0], sides[1]) : diff_text(found, sides[0], sides[1]));
  return found.same ? 0 : 1;
}

}  // namespace scratchpack
