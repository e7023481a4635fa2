#include "bundler/package_note.h"

#include <nlohmann/json.hpp>

#include "bundler/base/path_text.h"
#include "bundler/report_reasons.h"

namespace scratchpack {

std::string package_note(const Report& report, const std::vector<KeyValue>& labels) {
  nlohmann::ordered_json note;
  const ReportPackage* package = package_of_application(report);
  if (package != nullptr) {
    note = {{"type", "deb"},
            {"name", package->name},
            {"version", package->version},
            {"architecture", package->architecture}};
  } else {
    note = {{"type", "generic"}, {"name", last_name(report.application)}};
    for (const KeyValue& label : labels) {
      if (label.key == "org.opencontainers.image.version") note["version"] = label.value;
    }
  }
  const Distribution& distribution = report.distribution;
  if (!distribution.id.empty()) note["os"] = distribution.id;
  if (!distribution.version.empty()) note["osVersion"] = distribution.version;
  return note.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace scratchpack
