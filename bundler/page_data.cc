#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "bundler/page.h"
#include "bundler/report_reasons.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

using Json = nlohmann::ordered_json;

/// Texts that many files share, once each.
class Texts {
 public:
  std::size_t number(const std::string& text) {
    auto [place, fresh] = numbers_.emplace(text, list_.size());
    if (fresh) list_.push_back(text);
    return place->second;
  }
  const Json& list() const { return list_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  Json list_ = Json::array();
};

/// The number of a file in the page, which leaves folders out, by its path.
using Numbers = std::map<std::string, std::size_t>;
Numbers numbers_of(const Report& report) {
  Numbers numbers;
  std::size_t next = 0;
  for (const ReportFile& file : report.files) {
    // Paths that are no UTF-8 may have become the same.
    if (file.kind != "directory") numbers.emplace(file.path, next++);
  }
  return numbers;
}

Json number_or_none(const Numbers& numbers, const ReportFile* file) {
  auto found = file == nullptr ? numbers.end() : numbers.find(file->path);
  return found == numbers.end() ? Json(-1) : Json(found->second);
}

/// A row a file: path, target of a link or null, size, stored, mode, package, reason, origin, the
/// number of the file that its reason speaks of, and of the file that a link leads to; -1: of none.
void put_files(const Report& report, const Numbers& numbers, Json& json) {
  const FilesByPath paths = by_path(report);
  Texts packages;
  Texts reasons;
  Texts origins;
  Json rows = Json::array();
  for (const ReportFile& file : report.files) {
    if (file.kind == "directory") continue;
    const ReportFile* cause = cause_of(paths, file);
    const ReportFile* end = file.kind == "symlink" ? follow(paths, file.path) : nullptr;
    rows.push_back({file.path, file.kind == "symlink" ? Json(file.target) : Json(),
                    file.kind == "symlink" ? 0 : file.size, file.stored, file.mode,
                    packages.number(file.package), reasons.number(file.reason),
                    origins.number(reason_group(paths, file)), number_or_none(numbers, cause),
                    number_or_none(numbers, end)});
  }
  json["packages"] = packages.list();
  json["reasons"] = reasons.list();
  json["origins"] = origins.list();
  json["files"] = std::move(rows);
}

/// Rows of a file's number, bytes and the numbers of those that need it.
Json spare_rows(const std::vector<ReportWaste::Spare>& spares, const Numbers& numbers) {
  Json rows = Json::array();
  for (const ReportWaste::Spare& spare : spares) {
    Json needed_by = Json::array();
    for (const std::string& path : spare.needed_by) needed_by.push_back(numbers.at(path));
    rows.push_back({numbers.at(spare.path), spare.bytes, needed_by});
  }
  return rows;
}

void put_findings(const Report& report, const Numbers& numbers, Json& json) {
  const ReportFindings findings = report.findings.value_or(ReportFindings{});
  json["looked"] = report.findings.has_value();
  json["links"] = Json::array();
  for (const ReportLink& link : findings.links) {
    json["links"].push_back({numbers.at(report.files[link.from].path),
                             numbers.at(report.files[link.to].path), link.symbols});
  }
  Json identical = Json::array();
  for (const ReportWaste::Copies& copies : findings.waste.identical) {
    Json paths = Json::array();
    for (const std::string& path : copies.paths) paths.push_back(numbers.at(path));
    identical.push_back({copies.size, paths});
  }
  json["waste"] = {{"bytes", findings.waste.bytes},
                   {"identical", identical},
                   {"unused", spare_rows(findings.waste.unused, numbers)},
                   {"debug", spare_rows(findings.waste.debug, numbers)},
                   {"locales", spare_rows(findings.waste.locales, numbers)}};
}

}  // namespace

std::string page_data(const Report& report) {
  const Numbers numbers = numbers_of(report);
  Json json = {{"application", report.application}, {"output", report.output},
               {"format", report.format},           {"bytes", report.bytes},
               {"compression", report.compression}, {"root", report.root},
               {"start", report.start.mode},        {"why", report.start.why},
               {"warnings", report.warnings}};
  put_files(report, numbers, json);
  put_findings(report, numbers, json);
  std::string text;
  for (char c : json.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";  // stands in strings only
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace scratchpack
