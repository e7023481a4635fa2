#include "bundler/inspect.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/progress.h"
#include "bundler/base/values.h"
#include "bundler/content/rewrite.h"
#include "bundler/content/rewrite_elf.h"
#include "bundler/findings.h"
#include "bundler/image_report.h"
#include "bundler/inspect_image.h"
#include "bundler/limit.h"
#include "bundler/page.h"
#include "bundler/read/bundle.h"
#include "bundler/report_reasons.h"
#include "bundler/summary.h"

namespace scratchpack {
namespace {

std::string site_name(int number) {
  return number < 0 ? "any call (the number is known only at run time)" : call_name(number);
}

/// The manifest, with what only the finished bundle knows.
Report report_of(const Bundle& bundle, const std::string& path) {
  Report report = from_json(bundle.manifest());
  report.output = path;
  report.bytes = std::filesystem::file_size(path);
  std::map<std::string, const BundleEntry*> entries;
  for (const BundleEntry& entry : bundle.entries()) entries[entry.path] = &entry;
  for (ReportFile& file : report.files) {
    auto entry = entries.find(file.path);
    if (entry != entries.end()) file.stored = entry->second->stored;
  }
  return report;
}

/// The functions that the rewritten calls are in, by the files' own symbols.
void name_functions(Report& report, const Bundle& bundle) {
  for (ReportRewrite& rewrite : report.rewrites) {
    auto entry = std::find_if(bundle.entries().begin(), bundle.entries().end(),
                              [&](const BundleEntry& each) { return each.path == rewrite.path; });
    if (entry == bundle.entries().end()) continue;
    const Bytes content =
        bundle.content(static_cast<std::size_t>(entry - bundle.entries().begin()));
    const ElfView elf(content, rewrite.path);
    for (ReportRewrite::Site& site : rewrite.sites) site.symbol = elf.function_at(site.address);
  }
}

/// Looks into the files. Manifest and table list the same files in the same order; by their paths
/// they could not be told where names are no UTF-8.
ReportFindings look_inside(const Report& report, const Bundle& bundle) {
  if (bundle.entries().size() != report.files.size()) {
    throw Error(fmt::format("read {}: its manifest does not list what there is (build it again)",
                            report.output));
  }
  return findings_of(report, [&](std::size_t file) { return bundle.content(file); });
}

void write_page(const Report& report, const std::string& path) {
  AtomicFile out(path, 0666);
  out.write(page_text(report));
  out.commit();
  fmt::print("{}: {}, to be opened in a browser\n", path, human_size(out.position()));
}

struct Folder {
  std::map<std::string, Folder> below;
  const ReportFile* entry = nullptr;
  std::uint64_t size = 0;
};

void draw(const Folder& folder, const std::string& indent, std::string& text) {
  for (auto next = folder.below.begin(); next != folder.below.end(); ++next) {
    const auto& [name, child] = *next;
    bool last = std::next(next) == folder.below.end();
    bool link = child.entry != nullptr && child.entry->kind == "symlink";
    text += fmt::format("{:>10}  {}{}{}{}\n", link ? "" : human_size(child.size), indent,
                        last ? "└── " : "├── ", name,
                        link                  ? " -> " + child.entry->target
                        : child.below.empty() ? ""
                                              : "/");
    draw(child, indent + (last ? "    " : "│   "), text);
  }
}

/// The file that is meant: by its path, or by a name that only one has.
const ReportFile& file_meant(const Report& report, const FilesByPath& files,
                             const std::string& asked) {
  if (auto found = files.find(asked); found != files.end()) return *found->second;
  const ReportFile* meant = nullptr;
  for (const ReportFile& file : report.files) {
    if (std::filesystem::path(file.path).filename() != asked) continue;
    if (meant != nullptr) {
      throw Error(fmt::format("explain {}: {} and {} have that name (give the whole path)", asked,
                              meant->path, file.path));
    }
    meant = &file;
  }
  if (meant == nullptr) {
    throw Error(fmt::format("explain {}: not in the bundle (--tree shows what is)", asked));
  }
  return *meant;
}

std::string size_and_package(const ReportFile& file) {
  std::string text = file.kind == "symlink" ? "a link to " + file.target
                     : file.kind == "file"  ? human_size(file.size)
                                            : "a folder";
  if (file.kind == "file" && file.stored != file.size) {
    text += fmt::format(", stored {}", human_size(file.stored));
  }
  return file.package.empty() ? text : text + ", package " + file.package;
}

}  // namespace

std::string tree_text(const Report& report) {
  Folder root;
  for (const ReportFile& file : report.files) {
    Folder* place = &root;
    std::uint64_t size = file.kind == "file" ? file.size : 0;
    for (const std::string& name : split(file.path, '/')) {
      place = &place->below[name];
      place->size += size;
    }
    place->entry = &file;
    root.size += size;
  }
  std::string text = fmt::format("{:>10}  /\n", human_size(root.size));
  draw(root, "", text);
  return text;
}

std::string packages_text(const Report& report) {
  return groups_text("packages", group_by_package(report));
}

std::string why_text(const Report& report, const std::string& path) {
  FilesByPath files = by_path(report);
  const ReportFile* file = &file_meant(report, files, path);
  std::string text = fmt::format("{}: {}\n", file->path, size_and_package(*file));
  std::set<const ReportFile*> seen;
  while (file != nullptr && seen.insert(file).second) {
    text += fmt::format("  {}\n", file->reason);
    file = cause_of(files, *file);
  }
  return text;
}

std::string rewrites_text(const Report& report) {
  if (report.rewrites.empty()) {
    return fmt::format("Nothing was rewritten: it does not start in place{}.\n",
                       report.start.why.empty() ? "" : " (" + report.start.why + ")");
  }
  std::string text;
  for (const ReportRewrite& rewrite : report.rewrites) {
    text += fmt::format("{}: {} system calls ask the bundle first\n", rewrite.path,
                        rewrite.sites.size());
    for (const ReportRewrite::Site& site : rewrite.sites) {
      text += fmt::format("  {:#10x}  {}{}{}\n", site.address, site_name(site.number),
                          site.symbol.empty() ? "" : " in " + site.symbol,
                          site.kind == "moved" ? ", the instruction moved" : "");
    }
  }
  return text;
}

namespace {

/// Of a bundle, waste is what --waste lists.
Measures measures_of(const Report& report) {
  Measures measures;
  for (const ReportFile& file : report.files) {
    if (file.kind == "file") measures.whole += file.size;
  }
  const ReportWaste& waste = report.findings->waste;
  for (const ReportWaste::Copies& copies : waste.identical) {
    measures.duplicates += copies.size * (copies.paths.size() - 1);
  }
  measures.spare = waste.bytes - std::min(waste.bytes, measures.duplicates);
  return measures;
}

int status_of(const Measures& measures, const std::vector<std::string>& limits) {
  int status = 0;
  for (const std::string& text : limits) {
    std::optional<std::string> why = exceeded(parse_limit("--fail-if", text), measures);
    if (!why) continue;
    std::fflush(stdout);
    fmt::print(stderr, "scratchpack: --fail-if {}\n", *why);
    status = kLimitExceeded;
  }
  return status;
}

int inspect_image(const std::string& path, InspectView view, const std::string& asked,
                  const std::vector<std::string>& limits) {
  const Image image = read_image(path);
  switch (view) {
    case InspectView::json:
      fmt::print("{}", image_json(image));
      break;
    case InspectView::tree:
      fmt::print("{}", tree_text(image_report(image)));
      break;
    case InspectView::why:
      fmt::print("{}", image_why_text(image, asked));
      break;
    case InspectView::rewrites:
    case InspectView::rewrites_json:
      throw Error(fmt::format("inspect {}: --rewrites is about bundles, this is an image", path));
    case InspectView::packages:
      throw Error(fmt::format("inspect {}: --packages is about bundles, this is an image", path));
    case InspectView::waste:
      throw Error(fmt::format(
          "inspect {}: --waste is about bundles (without it the image's own is shown)", path));
    case InspectView::html:
      write_page(image_report(image), asked);
      break;
    case InspectView::summary:
      fmt::print("{}", image_text(image, may_style(STDOUT_FILENO)));
      break;
  }
  return status_of(measures_of(image), limits);
}

}  // namespace

int inspect(const std::string& path, InspectView view, const std::string& asked,
            const std::vector<std::string>& limits) {
  if (looks_like_image(path)) return inspect_image(path, view, asked, limits);
  Bundle bundle = Bundle::open(path);
  Report report = report_of(bundle, path);
  if (view == InspectView::rewrites || view == InspectView::rewrites_json) {
    name_functions(report, bundle);
  }
  if (view == InspectView::json || view == InspectView::waste || view == InspectView::html ||
      !limits.empty()) {
    report.findings = look_inside(report, bundle);
  }
  switch (view) {
    case InspectView::json:
    case InspectView::rewrites_json:
      fmt::print("{}", to_json(report));
      break;
    case InspectView::tree:
      fmt::print("{}", tree_text(report));
      break;
    case InspectView::why:
      fmt::print("{}", why_text(report, asked));
      break;
    case InspectView::rewrites:
      fmt::print("{}", rewrites_text(report));
      break;
    case InspectView::waste:
      fmt::print("{}", waste_text(report));
      break;
    case InspectView::packages:
      fmt::print("{}", packages_text(report));
      break;
    case InspectView::html:
      write_page(report, asked);
      break;
    case InspectView::summary:
      fmt::print("{}", summary_text(report, {}, false, may_style(STDOUT_FILENO)));
      break;
  }
  return limits.empty() ? 0 : status_of(measures_of(report), limits);
}

}  // namespace scratchpack
