#include "bundler/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "bundler/report_reasons.h"
#include "bundler/unfound_imports.h"

namespace scratchpack {
namespace {

constexpr std::size_t kMostUnserved = 8;
constexpr std::size_t kMostUnloaded = 4;
constexpr std::size_t kMostGroups = 10;
constexpr std::size_t kNameWidth = 34;  // columns of a table's first

/// The group of a file, by the words its finder gave as the reason.
std::string group_of(const std::string& reason) {
  if (reason == "the application") return "the program";
  for (const char* word : {"needed by ", "dynamic linker of ", "index of the libraries",
                           "search path of the dynamic linker"}) {
    if (reason.starts_with(word)) return "libraries";
  }
  if (reason.starts_with("interpreter of ") || reason.starts_with("run by ")) {
    return "what the script runs";
  }
  if (reason.starts_with("--")) return reason.substr(0, reason.find(' '));
  return reason.substr(0, reason.find(':'));
}

std::string table_head(const std::string& title, std::size_t width) {
  return fmt::format("  {:<{}} {:>6} {:>10} {:>10}\n", title, width, "files", "size", "stored");
}

std::string table_line(const FileGroup& group, std::size_t width) {
  return fmt::format("  {:<{}} {:>6} {:>10} {:>10}\n", group.name, width, group.files,
                     human_size(group.size), human_size(group.stored));
}

void add(FileGroup& sum, const FileGroup& group) {
  sum.files += group.files;
  sum.size += group.size;
  sum.stored += group.stored;
}

/// Files added up by the name that each is given, the largest sum first.
std::vector<FileGroup> group_by(const Report& report,
                                const std::function<std::string(const ReportFile&)>& name_of) {
  std::map<std::string, FileGroup> sums;
  for (const ReportFile& file : report.files) {
    if (file.kind != "file") continue;
    FileGroup one{.name = name_of(file), .files = 1, .size = file.size, .stored = file.stored};
    add(sums.try_emplace(one.name, FileGroup{.name = one.name}).first->second, one);
  }
  std::vector<FileGroup> groups;
  groups.reserve(sums.size());
  for (auto& [name, group] : sums) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const FileGroup& a, const FileGroup& b) { return a.size > b.size; });
  return groups;
}

/// What brought the files, the small groups as one.
std::string contents_table(const Report& report) {
  std::vector<FileGroup> groups = group_by_reason(report);
  if (groups.size() > kMostGroups) {
    FileGroup rest{.name = "other"};
    for (std::size_t i = kMostGroups - 1; i < groups.size(); ++i) add(rest, groups[i]);
    groups.resize(kMostGroups - 1);
    groups.push_back(rest);
  }
  return groups_text("what is inside", groups);
}

FileGroup taken_off(const Report& report) {
  FileGroup taken{.name = "taken off by --strip"};
  for (const ReportFile& file : report.files) {
    taken.files += file.stripped != 0 ? 1 : 0;
    taken.size += file.stripped;
  }
  return taken;
}

std::string sizes(const Report& report) {
  std::string text;
  if (report.pruned) {
    text += fmt::format("  {:<34} {:>6} {:>10}\n", "left out by --prune",
                        report.pruned->files.size(), human_size(report.pruned->bytes()));
  }
  if (const FileGroup taken = taken_off(report); taken.files != 0) {
    text += fmt::format("  {:<34} {:>6} {:>10}\n", taken.name, taken.files, human_size(taken.size));
  }
  if (report.bytes != 0)
    text += fmt::format("  {:<41} {:>21}\n", "written", human_size(report.bytes));
  if (report.gzipped) {
    text += fmt::format("  {:<41} {:>21}\n", "as an image layer, gzipped",
                        (report.gzipped_sampled ? "about " : "") + human_size(*report.gzipped));
  }
  return text;
}

/// What `docker images` and registries show of a digest.
constexpr std::size_t kShortDigest = 12;

std::string layers_table(const ReportImage& image) {
  std::size_t width = kNameWidth;
  for (const ReportLayer& layer : image.layers) width = std::max(width, layer.title.size());
  std::string text =
      fmt::format("\n  {:<{}} {:>6} {:>10} {:>10}\n", "layers", width, "files", "size",
                  image.compression == "none" ? "stored" : image.compression);
  for (const ReportLayer& layer : image.layers) {
    text += fmt::format("  {:<{}} {:>6} {:>10}", layer.title, width, layer.files,
                        human_size(layer.size));
    if (!layer.digest.empty()) {
      text += fmt::format(" {:>10}  {}", human_size(layer.stored),
                          layer.digest.substr(0, kShortDigest));
    }
    text += '\n';
  }
  return text;
}

std::string trial_text(const std::string& trial) {
  static const std::string kPassed = "passed";
  static const std::string kNotRun = "not run: ";
  if (trial.starts_with(kPassed)) {
    return fmt::format("Tried here: its dynamic linker finds all libraries inside it{}.\n",
                       trial.substr(kPassed.size()));
  }
  if (!trial.starts_with(kNotRun)) return "";
  return fmt::format("Not tried here: {}.\n", trial.substr(kNotRun.size()));
}

std::string start_text(const Report& report) {
  const ReportStart& start = report.start;
  if (start.mode == "native") {
    return fmt::format("Start: as on any machine; this is {}.\n",
                       report.image ? "an image of plain files" : "a plain root file system");
  }
  if (start.mode == "static") {
    return "Start: as before; a static program is copied as it is.\n";
  }
  if (start.mode == "in-place") {
    bool packed = report.compression != "none" && !report.compression.empty();
    return fmt::format(
        "Start: in place; {}. Nothing is extracted, no writable place is needed.\n{}",
        packed ? "what it needs is decoded in memory, by each child program again"
               : "files are mapped from the bundle itself",
        trial_text(start.trial));
  }
  if (start.mode != "extract") return "";
  std::string text = fmt::format("Start: extracted to a writable and executable directory{}.\n",
                                 start.why.empty() ? "" : ", because " + start.why);
  if (start.unserved.empty()) return text;
  text += "Compiled-in paths that are then not served:\n";
  std::size_t shown = std::min(start.unserved.size(), kMostUnserved);
  for (std::size_t i = 0; i < shown; ++i) text += fmt::format("  {}\n", start.unserved[i]);
  if (shown < start.unserved.size()) {
    text += fmt::format("  and {} more (--json names all)\n", start.unserved.size() - shown);
  }
  return text;
}

/// What files name to load it while they run and the bundle has not; the whole list is doctor's.
std::string unloaded_text(const Report& report) {
  if (report.unloaded.empty()) return "";
  std::string text = "Named to be loaded at run time, and not inside (--dlopen auto adds it):\n  ";
  for (std::size_t i = 0; i < report.unloaded.size(); ++i) {
    if (i == kMostUnloaded) {
      return text + fmt::format(" and {} more\n", report.unloaded.size() - i);
    }
    text += (i == 0 ? "" : ", ") + report.unloaded[i].name;
  }
  return text + "\n";
}

/// A bundle needs no writable place; the application may.
std::string written_text(const Report& report) {
  if (report.written.empty()) return "";
  return fmt::format("Traced runs wrote to: {} (--tmpfs or a volume where that is to work)\n",
                     fmt::join(report.written, ", "));
}

std::string headline(const Report& report) {
  std::string form = report.format == "onefile"  ? "one executable"
                     : report.format == "oci"    ? "an OCI image"
                     : report.format == "docker" ? "an image for docker load"
                     : report.format == "tar"    ? "a root file system as tar"
                                                 : "a root file system as folder";
  if (report.bytes == 0) return fmt::format("{}: would be {}", report.application, form);
  return fmt::format("{}: {} as {}", report.output, report.application, form);
}

std::string strip_note(const ReportFile& file) {
  if (file.stripped != 0) return fmt::format("; {} taken off", human_size(file.stripped));
  return file.unstripped.empty() ? "" : "; not stripped: " + file.unstripped;
}

std::string file_list(const Report& report) {
  std::string text;
  for (const ReportFile& file : report.files) {
    if (file.kind == "directory") continue;
    text += file.kind == "symlink"
                ? fmt::format("  {:>10} {} -> {} ({})\n", "", file.path, file.target, file.reason)
                : fmt::format("  {:>10} {} ({}{})\n", human_size(file.size), file.path, file.reason,
                              strip_note(file));
  }
  for (const EnvironmentEdit& edit : report.launch.environment) {
    text += fmt::format("  {:>10} {}={} ({})\n", "set", edit.name, edit.value, edit.reason);
  }
  if (report.pruned) {
    for (const auto& [path, size] : report.pruned->files) {
      text += fmt::format("  {:>10} {} (left out by --prune)\n", human_size(size), path);
    }
  }
  return text + "\n";
}

}  // namespace

std::string summary_text(const Report& report, const RunLines& run, bool every_file, bool bold) {
  std::string text =
      bold ? fmt::format("\x1b[1m{}\x1b[0m\n", headline(report)) : headline(report) + "\n";
  if (every_file) text += file_list(report);
  text += contents_table(report) + sizes(report);
  if (report.image) text += layers_table(*report.image);
  if (std::string start = start_text(report); !start.empty()) text += "\n" + start;
  text += written_text(report);
  if (std::string unloaded = unloaded_text(report); !unloaded.empty()) text += "\n" + unloaded;
  if (std::string unfound = unfound_text(report.unfound, every_file); !unfound.empty()) {
    text += "\n" + unfound;
  }
  if (!run.empty()) text += "\nRun it:\n";
  for (const std::string& line : run) text += fmt::format("  {}\n", line);
  return text;
}

std::string reason_group(const FilesByPath& files, const ReportFile& file) {
  // The libraries of a plugin count to the recipe that brought it.
  const std::string first = first_reason(files, file);
  return group_of(first.starts_with("recipe ") ? first : file.reason);
}

std::vector<FileGroup> group_by_reason(const Report& report) {
  const FilesByPath paths = by_path(report);
  return group_by(report, [&](const ReportFile& file) { return reason_group(paths, file); });
}

std::vector<FileGroup> group_by_package(const Report& report) {
  return group_by(report, [](const ReportFile& file) {
    return file.package.empty() ? "of no package" : file.package;
  });
}

std::string groups_text(const std::string& title, const std::vector<FileGroup>& groups) {
  std::size_t width = kNameWidth;
  for (const FileGroup& group : groups) width = std::max(width, group.name.size());
  FileGroup all{.name = "all"};
  std::string text = table_head(title, width);
  for (const FileGroup& group : groups) {
    text += table_line(group, width);
    add(all, group);
  }
  return text + table_line(all, width);
}

std::string missing_text(const std::vector<Missing>& missing) {
  std::string text;
  for (const Missing& each : missing) {
    text += fmt::format("{}, needed by {}, was looked for in\n", each.name, each.needed_by);
    for (const Tried& place : each.tried) {
      text += fmt::format("  {}: {}\n", place.path, place.why);
    }
  }
  return text;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  for (const char* unit : {"kB", "MB", "GB"}) {
    // 999.95 would be printed as 1000.0.
    if (value < 999.95) return fmt::format("{:.1f} {}", value, unit);
    value /= 1000;
  }
  return fmt::format("{:.1f} TB", value);
}

std::string shell_quoted(const std::string& word) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._/+@=:,%-").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace scratchpack
