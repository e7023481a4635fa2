// A difference put into words, for people and for machines.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bundler/diff.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

std::string signed_size(std::int64_t bytes) {
  return bytes < 0 ? "-" + human_size(static_cast<std::uint64_t>(-bytes))
                   : "+" + human_size(static_cast<std::uint64_t>(bytes));
}

/// What came or went with one path: of a folder all that was in it, as that has no other place.
std::string line_of(char sign, const std::string& path, const DiffSide& side) {
  const DiffFile& file = side.files.at(path);
  std::string text = fmt::format("  {} {}", sign, path);
  if (file.kind == "symlink") return text + fmt::format(" -> {}\n", file.target);
  if (file.kind == "file") {
    text += fmt::format("  {}", human_size(file.size));
    return text + (file.package.empty() ? "\n" : fmt::format("  ({})\n", file.package));
  }
  std::uint64_t files = 0;
  std::uint64_t size = 0;
  for (auto in = side.files.upper_bound(path + "/");
       in != side.files.end() && in->first.starts_with(path + "/"); ++in) {
    files += in->second.kind == "file" ? 1 : 0;
    size += in->second.size;
  }
  return text + (files == 0   ? "/\n"
                 : files == 1 ? fmt::format("/  1 file, {}\n", human_size(size))
                              : fmt::format("/  {} files, {}\n", files, human_size(size)));
}

/// A line for every path whose folder did not come or go with it.
std::string lines_of(char sign, const std::vector<std::string>& paths, const DiffSide& side) {
  std::string text;
  const std::string* folder = nullptr;
  for (const std::string& path : paths) {
    if (folder != nullptr && path.starts_with(*folder + "/")) continue;
    folder = side.files.at(path).kind == "directory" ? &path : nullptr;
    text += line_of(sign, path, side);
  }
  return text;
}

std::string values_text(const char* title, const std::vector<DiffValue>& values,
                        const char* between) {
  if (values.empty()) return {};
  std::string text = fmt::format("{}\n", title);
  for (const auto& [name, before, after] : values) {
    char sign = !before ? '+' : !after ? '-' : '~';
    text += fmt::format("  {} {}{}{}", sign, name, between, before ? *before : *after);
    text += before && after ? fmt::format(" -> {}\n", *after) : "\n";
  }
  return text;
}

Json value_json(const std::optional<std::string>& value) { return value ? Json(*value) : Json(); }

Json values_json(const std::vector<DiffValue>& values) {
  Json list = Json::array();
  for (const DiffValue& value : values) {
    list.push_back({{"name", value.name},
                    {"before", value_json(value.before)},
                    {"after", value_json(value.after)}});
  }
  return list;
}

Json files_json(const std::vector<std::string>& paths, const DiffSide& side) {
  Json list = Json::array();
  for (const std::string& path : paths) {
    const DiffFile& file = side.files.at(path);
    list.push_back(
        {{"path", path}, {"kind", file.kind}, {"size", file.size}, {"package", file.package}});
  }
  return list;
}

Json changes_json(const Difference& difference, const DiffSide& before, const DiffSide& after) {
  Json list = Json::array();
  for (const auto& [path, change] : difference.changed) {
    list.push_back({{"path", path},
                    {"change", change},
                    {"size_before", before.files.at(path).size},
                    {"size_after", after.files.at(path).size}});
  }
  return list;
}

}  // namespace

std::string diff_text(const Difference& difference, const DiffSide& before, const DiffSide& after) {
  if (difference.same) {
    return fmt::format("{} and {} hold the same\n", difference.before, difference.after);
  }
  std::string text = fmt::format("{} -> {}\n", difference.before, difference.after);
  text += values_text("start", difference.settings, ": ");
  text += values_text("environment", difference.environment, "=");
  text += values_text("packages", difference.packages, " ");
  if (difference.added.size() + difference.removed.size() + difference.changed.size() > 0) {
    text += "files\n";
  }
  text += lines_of('-', difference.removed, before) + lines_of('+', difference.added, after);
  for (const auto& [path, change] : difference.changed) {
    text += fmt::format("  ~ {}  {}\n", path, change);
  }
  return text + fmt::format("net: {} added, {} removed, {} changed; {} of content, {} as shipped\n",
                            difference.added.size(), difference.removed.size(),
                            difference.changed.size(), signed_size(difference.net_size),
                            signed_size(difference.net_output));
}

std::string diff_json(const Difference& difference, const DiffSide& before, const DiffSide& after) {
  Json json = {{"version", 1},
               {"before", difference.before},
               {"after", difference.after},
               {"same", difference.same}};
  json["added"] = files_json(difference.added, after);
  json["removed"] = files_json(difference.removed, before);
  json["changed"] = changes_json(difference, before, after);
  json["packages"] = values_json(difference.packages);
  json["environment"] = values_json(difference.environment);
  json["start"] = values_json(difference.settings);
  json["net"] = {{"files", difference.net_files},
                 {"size", difference.net_size},
                 {"bytes", difference.net_output}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace scratchpack
