#include "bundler/doctor.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "bundler/doubts.h"
#include "bundler/find/elf_scan.h"
#include "bundler/read/bundle.h"

namespace scratchpack {
namespace {

std::vector<Doubt> doubts_about(const std::string& path) {
  if (!begins_as_elf(path)) return doubts_of(load_profile(path));
  Bundle bundle = Bundle::open(path);
  std::map<std::string, std::size_t> entries;
  for (std::size_t i = 0; i < bundle.entries().size(); ++i) entries[bundle.entries()[i].path] = i;
  auto content_of = [&](const ReportFile& file) {
    auto entry = entries.find(file.path);
    return entry == entries.end() ? Bytes{} : bundle.content(entry->second);
  };
  return doubts_of(from_json(bundle.manifest()), content_of, Sysroot());
}

std::string as_json(const std::string& path, const std::vector<Doubt>& doubts) {
  nlohmann::ordered_json json = {{"version", 1}, {"file", path}};
  json["doubts"] = nlohmann::ordered_json::array();
  for (const Doubt& doubt : doubts) {
    json["doubts"].push_back(
        {{"kind", doubt.kind}, {"text", doubt.text}, {"settle", doubt.settle}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

void doctor(const std::string& path, bool json) {
  std::vector<Doubt> doubts = doubts_about(path);
  if (json) return fmt::print("{}", as_json(path, doubts));
  if (doubts.empty()) return fmt::print("{}: no doubts.\n", path);
  for (const Doubt& doubt : doubts) fmt::print("{}\n    {}\n", doubt.text, doubt.settle);
}

}  // namespace scratchpack
