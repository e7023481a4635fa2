#include "bundler/cyclonedx.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bundler/base/path_text.h"
#include "bundler/content/spdx.h"
#include "bundler/python_distributions.h"
#include "bundler/report_reasons.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kApplication = "application";  // its bom-ref

/// As a package URL wants it: every byte but letters, digits, `.-_~`, `:` and what is in `kept` as
/// %XX.
std::string percent_encoded(const std::string& text, std::string_view kept = "") {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view(".-_~:").find(c) != std::string_view::npos ||
                       kept.find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string file_reference(const std::string& path) { return "file:" + percent_encoded(path, "/"); }

/// pkg:deb/debian/libcurl4@7.88.1-10?arch=amd64&distro=debian-12&upstream=curl
std::string purl(const ReportPackage& package, const Distribution& distribution) {
  const std::string vendor = distribution.id.empty() ? "debian" : distribution.id;
  std::string text = fmt::format("pkg:deb/{}/{}@{}?arch={}", percent_encoded(vendor),
                                 percent_encoded(package.name), percent_encoded(package.version),
                                 percent_encoded(package.architecture));
  if (!distribution.id.empty()) {
    text += "&distro=" + percent_encoded(distribution.id);
    if (!distribution.version.empty()) text += "-" + percent_encoded(distribution.version);
  }
  const bool same_version = package.source_version == package.version;
  if (package.source != package.name || !same_version) {
    text += "&upstream=" + percent_encoded(package.source);
    if (!same_version) text += "%40" + percent_encoded(package.source_version);
  }
  return text;
}

/// Bytes of the root's digest as a UUID of our own making (RFC 9562, version 8).
std::string serial_number(const std::string& root) {
  std::string digits = root.substr(0, 32);
  digits.resize(32, '0');
  digits[12] = '8';
  digits[16] = "89ab"[static_cast<unsigned char>(digits[16]) % 4];
  return fmt::format("urn:uuid:{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

Json property(const char* name, const std::string& value) {
  return {{"name", fmt::format("scratchpack:{}", name)}, {"value", value}};
}

/// The source package as Trivy wants it, which reads no `upstream` of package URLs and would look
/// for advisories under the binary package's name: Debian has them under the source's.
void add_source_for_trivy(Json& properties, const ReportPackage& package) {
  auto add = [&](const char* name, std::string_view value) {
    if (value.empty()) return;
    properties.push_back({{"name", fmt::format("aquasecurity:trivy:{}", name)}, {"value", value}});
  };
  std::string_view version = package.source_version;  // [EPOCH:]UPSTREAM[-REVISION]
  add("SrcName", package.source);
  if (const auto colon = version.find(':'); colon != std::string_view::npos) {
    add("SrcEpoch", version.substr(0, colon));
    version.remove_prefix(colon + 1);
  }
  const auto dash = version.rfind('-');
  add("SrcVersion", version.substr(0, dash));
  if (dash != std::string_view::npos) add("SrcRelease", version.substr(dash + 1));
}

Json licences_json(const ReportPackage& package) {
  Json list = Json::array();
  for (const std::string& name : package.licences) {
    const std::string identifier = spdx_identifier(name);
    Json one = identifier.empty() ? Json{{"name", name}} : Json{{"id", identifier}};
    Json choice = {{"license", std::move(one)}};
    // Two names may stand for one licence.
    if (std::find(list.begin(), list.end(), choice) == list.end()) list.push_back(choice);
  }
  return list;
}

class Document {
 public:
  Document(const Report& report, const Digests& digests)
      : report_(report), digests_(digests), paths_(by_path(report)) {
    for (const ReportPackage& package : report.packages) {
      purls_[package.name + " " + package.version] = purl(package, report.distribution);
    }
  }

  Json json(std::uint64_t time) {
    Json json = {{"$schema", "http://cyclonedx.org/schema/bom-1.5.schema.json"},
                 {"bomFormat", "CycloneDX"},
                 {"specVersion", "1.5"},
                 {"serialNumber", serial_number(report_.root)},
                 {"version", 1}};
    json["metadata"] = metadata(time);
    json["components"] = components();
    json["dependencies"] = dependencies();
    return json;
  }

 private:
  Json metadata(std::uint64_t time) const {
    Json json = Json::object();
    if (time != 0) {
      json["timestamp"] =
          fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(time)));
    }
    json["tools"]["components"] = {
        {{"type", "application"}, {"name", "scratchpack"}, {"version", SCRATCHPACK_VERSION}}};
    Json component = {{"type", "application"},
                      {"bom-ref", kApplication},
                      {"name", last_name(report_.application)}};
    if (const ReportPackage* package = package_of_application(report_)) {
      component["version"] = package->version;
      component["purl"] = purl(*package, report_.distribution);
    }
    component["properties"] = {property("path", report_.application),
                               property("root", report_.root)};
    json["component"] = std::move(component);
    return json;
  }

  Json file_component(const ReportFile& file) const {
    Json json = {{"type", "file"}, {"bom-ref", file_reference(file.path)}, {"name", file.path}};
    if (const auto digest = digests_.find(file.path); digest != digests_.end()) {
      json["hashes"] = {{{"alg", "SHA-256"}, {"content", digest->second}}};
    }
    json["properties"] = {property("reason", file.reason)};
    return json;
  }

  Json package_component(const ReportPackage& package, const ReportPackage* application) const {
    const std::string reference = purl(package, report_.distribution);
    Json json = {{"type", &package == application ? "application" : "library"},
                 {"bom-ref", reference},
                 {"name", package.name},
                 {"version", package.version}};
    if (Json licences = licences_json(package); !licences.empty()) {
      json["licenses"] = std::move(licences);
    }
    json["purl"] = reference;
    json["properties"] = {
        property("source", package.source + " " + package.source_version),
        property("licence-file",
                 package.licence_file.empty() ? "not found" : package.licence_file)};
    add_source_for_trivy(json["properties"], package);
    return json;
  }

  static Json python_component(const PythonDistribution& distribution) {
    const std::string reference = fmt::format("pkg:pypi/{}@{}", percent_encoded(distribution.name),
                                              percent_encoded(distribution.version));
    return {{"type", "library"},
            {"bom-ref", reference},
            {"name", distribution.name},
            {"version", distribution.version},
            {"purl", reference}};
  }

  Json components() const {
    std::map<std::string, Json> inside;  // files by what their package is called
    for (const ReportFile& file : report_.files) {
      if (file.kind != "file") continue;
      const std::string package = purls_.contains(file.package) ? file.package : "";
      inside.try_emplace(package, Json::array()).first->second.push_back(file_component(file));
    }
    Json list = Json::array();
    const Distribution& distribution = report_.distribution;
    if (!distribution.id.empty()) {
      Json system = {
          {"type", "operating-system"}, {"bom-ref", "operating-system"}, {"name", distribution.id}};
      if (!distribution.version.empty()) system["version"] = distribution.version;
      if (!distribution.name.empty()) system["description"] = distribution.name;
      list.push_back(std::move(system));
    }
    const ReportPackage* application = package_of_application(report_);
    for (const ReportPackage& package : report_.packages) {
      Json json = package_component(package, application);
      if (const auto files = inside.find(package.name + " " + package.version);
          files != inside.end()) {
        json["components"] = files->second;
      }
      list.push_back(std::move(json));
    }
    for (const PythonDistribution& distribution : python_distributions(report_)) {
      list.push_back(python_component(distribution));
    }
    if (const auto loose = inside.find(""); loose != inside.end()) {
      list.insert(list.end(), loose->second.begin(), loose->second.end());
    }
    return list;
  }

  /// The package of a file, or the file itself.
  std::string owner(const ReportFile& file) const {
    const auto found = purls_.find(file.package);
    return found == purls_.end() ? file_reference(file.path) : found->second;
  }

  /// The file that brought this one, by the reason for it.
  const ReportFile* brought_by(const ReportFile& file) const {
    const std::string path = path_in(file.reason);
    const ReportFile* by = path.empty() ? nullptr : follow(paths_, path);
    return by != nullptr && by->kind == "file" ? by : nullptr;
  }

  Json dependencies() const {
    std::map<std::string, std::set<std::string>> edges;
    std::set<const ReportFile*> brought;
    auto add = [&](const ReportFile& from, const ReportFile& to) {
      if (&from == &to) return;
      brought.insert(&to);
      edges[file_reference(from.path)].insert(file_reference(to.path));
      if (owner(from) != owner(to)) edges[owner(from)].insert(owner(to));
    };
    for (const ReportFile& file : report_.files) {
      if (file.kind != "file") continue;
      for (const std::string& library : file.needs) {
        if (const auto found = paths_.find(library); found != paths_.end()) {
          add(file, *found->second);
        }
      }
      if (const ReportFile* by = brought_by(file)) add(*by, file);
    }
    // What no other file brought, the application did.
    for (const ReportFile& file : report_.files) {
      if (file.kind == "file" && !brought.contains(&file)) edges[kApplication].insert(owner(file));
    }
    for (const auto& [named, reference] : purls_) edges[reference];  // those without any, too
    Json list = Json::array();
    for (const auto& [reference, targets] : edges) {
      Json one = {{"ref", reference}};
      if (!targets.empty()) one["dependsOn"] = targets;
      list.push_back(std::move(one));
    }
    return list;
  }

  const Report& report_;
  const Digests& digests_;
  const FilesByPath paths_;
  std::map<std::string, std::string> purls_;  // by "name version"
};

}  // namespace

std::string cyclonedx(const Report& report, const Digests& digests, std::uint64_t time) {
  return Document(report, digests).json(time).dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace scratchpack
