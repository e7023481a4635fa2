#include <fmt/format.h>

#include "bundler/findings.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

/// A kind of waste, as it is listed.
struct Kind {
  std::string name;
  std::string advice;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::string lines = {};
};

Kind kind_of(const std::string& name, const std::string& advice,
             const std::vector<ReportWaste::Spare>& spares) {
  Kind kind{.name = name, .advice = advice};
  for (const ReportWaste::Spare& spare : spares) {
    ++kind.files;
    kind.bytes += spare.bytes;
    kind.lines += fmt::format("  {:>10}  {}\n", human_size(spare.bytes), spare.path);
    for (const std::string& path : spare.needed_by) {
      kind.lines += fmt::format("  {:>10}  needed by {}\n", "", path);
    }
  }
  return kind;
}

Kind identical_kind(const std::vector<ReportWaste::Copies>& all) {
  Kind kind{.name = "identical files",
            .advice = "links to the first would do; one file stores them once, an image does not"};
  for (const ReportWaste::Copies& copies : all) {
    kind.files += copies.paths.size() - 1;
    kind.bytes += copies.size * (copies.paths.size() - 1);
    for (std::size_t i = 0; i < copies.paths.size(); ++i) {
      kind.lines +=
          fmt::format("  {:>10}  {}\n", i == 0 ? "" : human_size(copies.size), copies.paths[i]);
    }
  }
  return kind;
}

}  // namespace

std::string waste_text(const Report& report) {
  const ReportWaste& waste = report.findings->waste;
  const std::vector<Kind> kinds = {
      identical_kind(waste.identical),
      kind_of("unused libraries", "no symbol is used; linking with -Wl,--as-needed leaves them out",
              waste.unused),
      kind_of("debug information", "strip(1) takes it out of the files before they are bundled",
              waste.debug),
      kind_of("languages", "--exclude leaves out those that nobody reads", waste.locales)};
  std::string text =
      fmt::format("  {:<34} {:>6} {:>10}\n", "what could be spared", "files", "size");
  for (const Kind& kind : kinds) {
    text += fmt::format("  {:<34} {:>6} {:>10}\n", kind.name, kind.files, human_size(kind.bytes));
  }
  text += fmt::format("  {:<34} {:>6} {:>10}\n", "all, no byte twice", "", human_size(waste.bytes));
  for (const Kind& kind : kinds) {
    if (kind.lines.empty()) continue;
    text += fmt::format("\n{}: {}\n{}", kind.name, kind.advice, kind.lines);
  }
  return text;
}

}  // namespace scratchpack
