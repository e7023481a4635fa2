#include "bundler/diff.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "bundler/base/digest.h"
#include "bundler/base/parallel.h"
#include "bundler/read/bundle.h"
#include "bundler/report.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

/// One word for a variable's setting; whether it wins over the container's belongs to it.
std::string value_of(const EnvironmentEdit& edit) {
  return edit.value + (edit.only_if_unset ? "" : " (in any case)");
}

std::map<std::string, std::string> settings_of(const Report& report) {
  std::map<std::string, std::string> settings = {
      {"application", report.application}, {"arguments", {}},
      {"compression", report.compression}, {"interpreter", report.interpreter},
      {"program", report.launch.program},  {"start", report.start.mode},
      {"user", report.launch.user},        {"workdir", report.launch.workdir},
  };
  for (const std::string& word : report.launch.arguments) {
    std::string& words = settings["arguments"];
    words += (words.empty() ? "" : " ") + shell_quoted(word);
  }
  return settings;
}

std::map<std::string, DiffFile> files_of(const Bundle& bundle) {
  const std::vector<BundleEntry>& entries = bundle.entries();
  std::vector<DiffFile> files(entries.size());
  share_out(entries.size(), 0, [&] {
    return [&](std::size_t i) {
      const BundleEntry& entry = entries[i];
      files[i] = {.kind = entry.kind, .mode = entry.mode, .target = entry.target};
      if (entry.kind != "file") return;
      files[i].size = entry.size;
      files[i].digest = sha256(bundle.content(i));
    };
  });
  std::map<std::string, DiffFile> by_path;
  for (std::size_t i = 0; i < files.size(); ++i) by_path[entries[i].path] = std::move(files[i]);
  return by_path;
}

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

DiffSide diff_side(const std::string& path) {
  Bundle bundle = Bundle::open(path);
  Report report = from_json(bundle.manifest());
  DiffSide side{.name = path, .bytes = std::filesystem::file_size(path), .files = files_of(bundle)};
  for (const ReportFile& file : report.files) {
    auto known = side.files.find(file.path);
    if (known != side.files.end()) known->second.package = file.package;
  }
  for (const EnvironmentEdit& edit : report.launch.environment) {
    side.environment[edit.name] = value_of(edit);
  }
  side.settings = settings_of(report);
  side.settings["start"] = bundle.start_mode();
  return side;
}

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
