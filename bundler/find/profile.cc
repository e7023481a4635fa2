#include "bundler/find/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kVersionKey = "scratchpack_profile";

constexpr std::pair<const char*, Use> kLists[] = {
    {"executed", Use::executed}, {"interpreters", Use::interpreter},
    {"mapped", Use::mapped},     {"opened", Use::opened},
    {"listed", Use::listed},     {"looked_at", Use::looked_at},
};

/// The list under `key`; empty when there is none.
Json list_at(const Json& json, const char* key, const std::string& source) {
  auto found = json.find(key);
  if (found == json.end()) return Json::array();
  if (found->is_array()) return *found;
  throw Error(fmt::format("read profile {}: {} is not a list", source, key));
}

std::set<std::string> paths_at(const Json& json, const char* key, const std::string& source) {
  std::set<std::string> paths;
  for (const Json& each : list_at(json, key, source)) {
    std::string path = each.is_string() ? each.get<std::string>() : "";
    bool normal =
        path.starts_with('/') && path.find('\0') == path.npos && normal_path(path) == path;
    if (!normal) {
      throw Error(fmt::format("read profile {}: not an absolute path without . and .. in {}: {}",
                              source, key, each.dump(-1, ' ', true)));
    }
    paths.insert(std::move(path));
  }
  return paths;
}

std::vector<ProfileRun> runs_of(const Json& json, const std::string& source) {
  std::vector<ProfileRun> runs;
  for (const Json& each : list_at(json, "runs", source)) {
    bool whole = each.is_object() && each.contains("program") && each["program"].is_string() &&
                 each.contains("status") && each["status"].is_number_integer();
    if (!whole) {
      throw Error(fmt::format("read profile {}: a run without its program and status", source));
    }
    runs.push_back({each["program"].get<std::string>(), each["status"].get<int>()});
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

}  // namespace

void Profile::add(const std::string& path, Use use) {
  Use& known = files.try_emplace(path, use).first->second;
  known = std::max(known, use);
  missing.erase(path);
  private_files.erase(path);
}

void Profile::merge(const Profile& other) {
  runs.insert(runs.end(), other.runs.begin(), other.runs.end());
  std::sort(runs.begin(), runs.end());
  for (const auto& [path, use] : other.files) add(path, use);
  written.insert(other.written.begin(), other.written.end());
  for (const std::string& path : other.private_files) {
    if (!files.contains(path)) private_files.insert(path);
  }
  for (const std::string& path : other.missing) {
    if (!files.contains(path) && !private_files.contains(path)) missing.insert(path);
  }
  std::erase_if(missing, [&](const std::string& path) { return private_files.contains(path); });
}

std::string to_json(const Profile& profile) {
  Json json = {{kVersionKey, kProfileVersion}};
  json["runs"] = Json::array();
  for (const ProfileRun& run : profile.runs) {
    json["runs"].push_back({{"program", run.program}, {"status", run.status}});
  }
  for (const auto& [key, use] : kLists) {
    json[key] = Json::array();
    for (const auto& [path, used] : profile.files) {
      if (used == use) json[key].push_back(path);
    }
  }
  json["missing"] = profile.missing;
  json["private"] = profile.private_files;
  json["written"] = profile.written;
  try {
    return json.dump(1) + "\n";
  } catch (const Json::exception&) {
    throw Error("write profile: a path in it is no UTF-8 (rename the file)");
  }
}

Profile parse_profile(const std::string& text, const std::string& source) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains(kVersionKey)) {
    throw Error(fmt::format("read profile {}: it is none (scratchpack trace writes them)", source));
  }
  if (json[kVersionKey] != kProfileVersion) {
    throw Error(
        fmt::format("read profile {}: not of version {} (trace again with this scratchpack)",
                    source, kProfileVersion));
  }
  Profile profile{.runs = runs_of(json, source)};
  for (const auto& [key, use] : kLists) {
    for (const std::string& path : paths_at(json, key, source)) profile.add(path, use);
  }
  Profile rest{.missing = paths_at(json, "missing", source),
               .private_files = paths_at(json, "private", source),
               .written = paths_at(json, "written", source)};
  profile.merge(rest);
  return profile;
}

Profile load_profile(const std::string& file) {
  Bytes bytes = read_file(file);
  return parse_profile({bytes.begin(), bytes.end()}, file);
}

}  // namespace scratchpack
