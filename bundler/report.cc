#include "bundler/report.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "bundler/base/error.h"
#include "bundler/content/rewrite.h"
#include "bundler/report_reasons.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

/// For values that are not always there: an absent key says so better than an empty text.
void put(Json& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

Json file_json(const ReportFile& file, bool with_source) {
  Json json = {{"path", file.path}, {"kind", file.kind}};
  put(json, "target", file.target);
  if (with_source) json["source"] = file.source.empty() ? Json() : Json(file.source);
  json["size"] = file.size;
  json["stored"] = file.stored;
  json["mode"] = fmt::format("{:04o}", file.mode);
  if (file.stripped != 0) json["stripped"] = file.stripped;
  put(json, "unstripped", file.unstripped);
  json["reason"] = file.reason;
  put(json, "package", file.package);
  if (!file.needs.empty()) json["needs"] = file.needs;
  return json;
}

Json packages_json(const std::vector<ReportPackage>& packages) {
  Json list = Json::array();
  for (const ReportPackage& package : packages) {
    Json one = {{"name", package.name},
                {"version", package.version},
                {"architecture", package.architecture},
                {"source", package.source},
                {"source_version", package.source_version},
                {"licences", package.licences}};
    put(one, "licence_file", package.licence_file);
    list.push_back(std::move(one));
  }
  return list;
}

Json licences_json(const std::vector<ReportLicence>& licences) {
  Json list = Json::array();
  for (const ReportLicence& text : licences) {
    list.push_back({{"path", text.path}, {"offset", text.offset}, {"size", text.size}});
  }
  return list;
}

Json distribution_json(const Distribution& distribution) {
  Json json = Json::object();
  put(json, "id", distribution.id);
  put(json, "version", distribution.version);
  put(json, "name", distribution.name);
  return json;
}

Json launch_json(const ReportLaunch& launch) {
  Json json = {{"program", launch.program}, {"arguments", launch.arguments}};
  json["environment"] = Json::array();
  for (const EnvironmentEdit& edit : launch.environment) {
    Json variable = {{"name", edit.name},
                     {"value", edit.value},
                     {"only_if_unset", edit.only_if_unset},
                     {"reason", edit.reason}};
    if (edit.extracted_only) variable["extracted_only"] = true;
    json["environment"].push_back(std::move(variable));
  }
  put(json, "workdir", launch.workdir);
  put(json, "user", launch.user);
  return json;
}

Json rewrites_json(const std::vector<ReportRewrite>& rewrites) {
  Json list = Json::array();
  for (const ReportRewrite& rewrite : rewrites) {
    Json sites = Json::array();
    for (const ReportRewrite::Site& site : rewrite.sites) {
      Json one = {{"address", site.address}, {"number", site.number}, {"kind", site.kind}};
      if (site.number >= 0) one["call"] = call_name(site.number);
      put(one, "symbol", site.symbol);
      sites.push_back(std::move(one));
    }
    list.push_back({{"path", rewrite.path}, {"sites", sites}});
  }
  return list;
}

Json missing_json(const std::vector<Missing>& missing) {
  Json list = Json::array();
  for (const Missing& each : missing) {
    Json tried = Json::array();
    for (const Tried& place : each.tried) {
      tried.push_back({{"path", place.path}, {"why", place.why}});
    }
    list.push_back({{"name", each.name}, {"needed_by", each.needed_by}, {"tried", tried}});
  }
  return list;
}

Json unloaded_json(const std::vector<Unloaded>& unloaded) {
  Json list = Json::array();
  for (const Unloaded& each : unloaded) {
    Json one = {{"name", each.name}, {"named_by", each.named_by}, {"suggested", each.suggested}};
    put(one, "feature", each.feature);
    list.push_back(std::move(one));
  }
  return list;
}

Json unfound_json(const std::vector<UnfoundImport>& unfound) {
  Json list = Json::array();
  for (const UnfoundImport& each : unfound) {
    Json one = {{"name", each.name}, {"imported_by", Json::array()}};
    for (const UnfoundImport::Importer& by : each.imported_by) {
      one["imported_by"].push_back({{"module", by.module}, {"how", by.how}});
    }
    list.push_back(std::move(one));
  }
  return list;
}

Json spare_json(const std::vector<ReportWaste::Spare>& spares) {
  Json list = Json::array();
  for (const ReportWaste::Spare& each : spares) {
    Json one = {{"path", each.path}, {"bytes", each.bytes}};
    if (!each.needed_by.empty()) one["needed_by"] = each.needed_by;
    list.push_back(std::move(one));
  }
  return list;
}

Json waste_json(const ReportWaste& waste) {
  Json identical = Json::array();
  for (const ReportWaste::Copies& each : waste.identical) {
    identical.push_back({{"size", each.size}, {"paths", each.paths}});
  }
  return {{"bytes", waste.bytes},
          {"identical", identical},
          {"unused", spare_json(waste.unused)},
          {"debug", spare_json(waste.debug)},
          {"locales", spare_json(waste.locales)}};
}

/// The files by their paths, as numbers mean nothing to whom reads the summary.
Json links_json(const Report& report) {
  Json list = Json::array();
  for (const ReportLink& link : report.findings->links) {
    list.push_back({{"from", report.files[link.from].path},
                    {"to", report.files[link.to].path},
                    {"symbols", link.symbols}});
  }
  return list;
}

Json image_json(const ReportImage& image) {
  Json json = {{"name", image.name}, {"platform", image.platform}};
  put(json, "config", image.configuration);
  put(json, "manifest", image.manifest);
  json["compression"] = image.compression;
  json["layers"] = Json::array();
  for (const ReportLayer& layer : image.layers) {
    Json one = {{"title", layer.title},
                {"packages", layer.packages},
                {"files", layer.files},
                {"size", layer.size}};
    if (!layer.digest.empty()) {
      one["stored"] = layer.stored;
      one["digest"] = layer.digest;
      one["diff_id"] = layer.diff_id;
    }
    json["layers"].push_back(std::move(one));
  }
  return json;
}

/// What each recipe brought, the libraries of its plugins included.
Json recipes_json(const Report& report) {
  static const std::string kRecipe = "recipe ";
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> recipes;
  const FilesByPath paths = by_path(report);
  for (const ReportFile& file : report.files) {
    if (file.kind != "file") continue;
    std::string reason = first_reason(paths, file);
    if (!reason.starts_with(kRecipe)) continue;
    auto& [files, bytes] =
        recipes[reason.substr(kRecipe.size(), reason.find(':') - kRecipe.size())];
    ++files;
    bytes += file.size;
  }
  Json list = Json::array();
  for (const auto& [name, sum] : recipes) {
    list.push_back({{"name", name}, {"files", sum.first}, {"bytes", sum.second}});
  }
  return list;
}

Json report_json(const Report& report, bool manifest) {
  Json json = {
      {"version", kReportVersion}, {"application", report.application}, {"format", report.format}};
  if (!manifest) {
    json["output"] = report.output;
    json["bytes"] = report.bytes;
  }
  put(json, "compression", report.compression);
  json["interpreter"] = report.interpreter;
  json["root"] = report.root;
  put(json, "root_covers", report.root_covers);
  json["start"] = {{"mode", report.start.mode}};
  put(json["start"], "why", report.start.why);
  json["start"]["unserved"] = report.start.unserved;
  put(json["start"], "trial", report.start.trial);
  json["launch"] = launch_json(report.launch);
  if (report.gzipped) {
    json["gzipped"] = *report.gzipped;
    json["gzipped_estimated"] = report.gzipped_sampled;
  }
  if (report.image && !manifest) json["image"] = image_json(*report.image);
  if (report.pruned && !manifest) {
    Json paths = Json::array();
    for (const auto& [path, size] : report.pruned->files) paths.push_back(path);
    json["pruned"] = {{"files", paths.size()}, {"bytes", report.pruned->bytes()}, {"paths", paths}};
  }
  json["files"] = Json::array();
  for (const ReportFile& file : report.files) json["files"].push_back(file_json(file, !manifest));
  json["distribution"] = distribution_json(report.distribution);
  json["packages"] = packages_json(report.packages);
  if (manifest) json["licences"] = licences_json(report.licences);
  if (!report.rewrites.empty()) json["rewrites"] = rewrites_json(report.rewrites);
  if (!manifest) {
    json["recipes"] = recipes_json(report);
    json["unloaded"] = unloaded_json(report.unloaded);
    json["imports_not_found"] = unfound_json(report.unfound);
    json["written"] = report.written;
  }
  if (report.findings && !manifest) {
    json["links"] = links_json(report);
    json["waste"] = waste_json(report.findings->waste);
  }
  json["missing"] = missing_json(report.missing);
  json["warnings"] = report.warnings;
  return json;
}

std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The value of a key, or nothing when it is absent or null.
template <typename Value>
Value get(const Json& object, const char* key) {
  if (!object.is_object()) throw Error(fmt::format("read manifest: {} has no object", key));
  auto found = object.find(key);
  return found == object.end() || found->is_null() ? Value{} : found->get<Value>();
}

Json child(const Json& object, const char* key) {
  auto found = object.find(key);
  return found == object.end() ? Json::object() : *found;
}

ReportFile file_of(const Json& json) {
  return {.path = get<std::string>(json, "path"),
          .kind = get<std::string>(json, "kind"),
          .target = get<std::string>(json, "target"),
          .source = get<std::string>(json, "source"),
          .size = get<std::uint64_t>(json, "size"),
          .stored = get<std::uint64_t>(json, "stored"),
          .mode = static_cast<std::uint32_t>(
              std::strtoul(get<std::string>(json, "mode").c_str(), nullptr, 8)),
          .stripped = get<std::uint64_t>(json, "stripped"),
          .unstripped = get<std::string>(json, "unstripped"),
          .reason = get<std::string>(json, "reason"),
          .package = get<std::string>(json, "package"),
          .needs = get<std::vector<std::string>>(json, "needs")};
}

std::vector<ReportPackage> packages_of(const Json& json) {
  std::vector<ReportPackage> packages;
  for (const Json& each : json) {
    packages.push_back({.name = get<std::string>(each, "name"),
                        .version = get<std::string>(each, "version"),
                        .architecture = get<std::string>(each, "architecture"),
                        .source = get<std::string>(each, "source"),
                        .source_version = get<std::string>(each, "source_version"),
                        .licences = get<std::vector<std::string>>(each, "licences"),
                        .licence_file = get<std::string>(each, "licence_file")});
  }
  return packages;
}

std::vector<ReportLicence> licences_of(const Json& json) {
  std::vector<ReportLicence> licences;
  for (const Json& each : json) {
    licences.push_back({get<std::string>(each, "path"), get<std::uint64_t>(each, "offset"),
                        get<std::uint64_t>(each, "size")});
  }
  return licences;
}

ReportLaunch launch_of(const Json& json) {
  ReportLaunch launch{.program = get<std::string>(json, "program"),
                      .arguments = get<std::vector<std::string>>(json, "arguments"),
                      .workdir = get<std::string>(json, "workdir"),
                      .user = get<std::string>(json, "user")};
  for (const Json& each : child(json, "environment")) {
    EnvironmentEdit edit;
    edit.name = get<std::string>(each, "name");
    edit.value = get<std::string>(each, "value");
    edit.only_if_unset = get<bool>(each, "only_if_unset");
    edit.reason = get<std::string>(each, "reason");
    edit.extracted_only = get<bool>(each, "extracted_only");
    launch.environment.push_back(std::move(edit));
  }
  return launch;
}

std::vector<ReportRewrite> rewrites_of(const Json& json) {
  std::vector<ReportRewrite> rewrites;
  for (const Json& each : json) {
    ReportRewrite rewrite{.path = get<std::string>(each, "path")};
    for (const Json& site : child(each, "sites")) {
      rewrite.sites.push_back({get<std::uint64_t>(site, "address"), get<int>(site, "number"),
                               get<std::string>(site, "kind"), get<std::string>(site, "symbol")});
    }
    rewrites.push_back(std::move(rewrite));
  }
  return rewrites;
}

std::vector<Missing> missing_of(const Json& json) {
  std::vector<Missing> missing;
  for (const Json& each : json) {
    Missing one{get<std::string>(each, "name"), get<std::string>(each, "needed_by"), {}};
    for (const Json& place : child(each, "tried")) {
      one.tried.push_back({get<std::string>(place, "path"), get<std::string>(place, "why")});
    }
    missing.push_back(std::move(one));
  }
  return missing;
}

Report report_of(const Json& json) {
  Report report;
  report.application = get<std::string>(json, "application");
  report.format = get<std::string>(json, "format");
  report.output = get<std::string>(json, "output");
  report.bytes = get<std::uint64_t>(json, "bytes");
  report.compression = get<std::string>(json, "compression");
  report.interpreter = get<std::string>(json, "interpreter");
  report.root = get<std::string>(json, "root");
  report.root_covers = get<std::string>(json, "root_covers");
  Json start = child(json, "start");
  report.start = {get<std::string>(start, "mode"), get<std::string>(start, "why"),
                  get<std::vector<std::string>>(start, "unserved"),
                  get<std::string>(start, "trial")};
  report.launch = launch_of(child(json, "launch"));
  if (json.contains("gzipped")) report.gzipped = get<std::uint64_t>(json, "gzipped");
  report.gzipped_sampled = get<bool>(json, "gzipped_estimated");
  for (const Json& file : child(json, "files")) report.files.push_back(file_of(file));
  const Json distribution = child(json, "distribution");
  report.distribution = {get<std::string>(distribution, "id"),
                         get<std::string>(distribution, "version"),
                         get<std::string>(distribution, "name")};
  report.packages = packages_of(child(json, "packages"));
  report.licences = licences_of(child(json, "licences"));
  report.rewrites = rewrites_of(child(json, "rewrites"));
  report.missing = missing_of(child(json, "missing"));
  report.warnings = get<std::vector<std::string>>(json, "warnings");
  return report;
}

}  // namespace

std::string to_json(const Report& report) { return text_of(report_json(report, false), 2); }

std::string to_manifest(const Report& report) { return text_of(report_json(report, true), -1); }

Report from_json(const std::string& text) {
  try {
    Json json = Json::parse(text);
    if (!json.is_object() || get<int>(json, "version") != kReportVersion) {
      throw Error("read manifest: not of version 1 (use the scratchpack that wrote it)");
    }
    return report_of(json);
  } catch (const Json::exception& error) {
    throw Error(fmt::format("read manifest: {}", error.what()));
  }
}

}  // namespace scratchpack
