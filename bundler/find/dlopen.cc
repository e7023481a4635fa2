#include "bundler/find/dlopen.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"
#include "bundler/find/planner.h"

namespace scratchpack {
namespace {

/// The C libraries' own: what they name is theirs to load, and recipes know it.
bool is_c_library(const std::string& path) {
  std::string name = last_name(path);
  return name.starts_with("libc.so") || name.starts_with("ld-") || name.starts_with("libc-") ||
         name.starts_with("libc.musl");
}

std::string quoted_feature(const std::string& feature) {
  return feature.empty() ? "" : " for " + feature;
}

}  // namespace

void DlopenFinder::follow() {
  for (; wants_seen_ < plan_.wants.size(); ++wants_seen_) {
    const Want want = plan_.wants[wants_seen_];  // a copy: the list grows meanwhile
    if (!want.content && want.target.empty()) look_at(want);
  }
}

void DlopenFinder::look_at(const Want& want) {
  std::string host = want.source.empty() ? sysroot_.host_path(want.path).value_or("") : want.source;
  if (host.empty() || !begins_as_elf(host)) return;
  try {
    MappedFile file(host);
    std::optional<ElfFile> elf = read_elf(file.bytes(), want.path);
    if (!elf || !elf->is_native() || !elf->has_dynamic) return;
    std::vector<std::string> faults;
    for (const DlopenNote& note : dlopen_notes(file.bytes(), faults)) follow_note(want, note);
    for (const std::string& fault : faults) {
      plan_.warnings.push_back(fmt::format("{}: {}; what it loads is not known", want.path, fault));
    }
    if (is_c_library(want.path) || !calls_dlopen(file.bytes())) return;
    for (const std::string& name : library_names(file.bytes())) {
      bool linked = std::count(elf->needed.begin(), elf->needed.end(), name) != 0;
      if (linked || elf->soname == name) continue;
      Named named{want, {name}, {}, false};
      std::string reason = fmt::format("named as a string in {}, which calls dlopen", want.path);
      if (choice_ != DlopenChoice::automatic || !add(named, reason, nullptr)) {
        left_.push_back(std::move(named));
      }
    }
  } catch (const Error&) {
    // Damaged: the walk and the rewriting say so where it matters; here it names nothing.
  }
}

void DlopenFinder::follow_note(const Want& want, const DlopenNote& note) {
  Named named{want, note.sonames, note.feature, true};
  bool followed = choice_ == DlopenChoice::automatic ||
                  (choice_ == DlopenChoice::notes && note.priority != DlopenPriority::suggested);
  if (!followed) {
    left_.push_back(std::move(named));
    return;
  }
  std::vector<Missing> missing;
  std::string reason =
      fmt::format("loaded by {}{}, as a note in it tells", want.path, quoted_feature(note.feature));
  if (add(named, reason, &missing)) return;
  if (note.priority == DlopenPriority::required) {
    plan_.missing.insert(plan_.missing.end(), missing.begin(), missing.end());
  } else if (note.priority == DlopenPriority::recommended) {
    plan_.warnings.push_back(fmt::format(
        "{} is not installed, which {} recommends{} (install it, or name its folder with "
        "--library-path)",
        fmt::join(note.sonames, " or "), want.path, quoted_feature(note.feature)));
  }
}

/// Plans the first that is there; false when none is, each search then in `missing`.
bool DlopenFinder::add(const Named& named, const std::string& reason,
                       std::vector<Missing>* missing) {
  Planner planner(plan_, sysroot_, options_);
  for (const std::string& soname : named.sonames) {
    if (is_planned(soname)) return true;
    Closure closure = planner.loaded_closure(named.file, soname);
    if (closure.missing.empty()) {
      planner.add_loaded(closure, soname, reason);
      return true;
    }
    if (missing == nullptr) continue;
    missing->insert(missing->end(), closure.missing.begin(), closure.missing.end());
  }
  return false;
}

bool DlopenFinder::is_planned(const std::string& soname) const {
  return std::any_of(plan_.wants.begin(), plan_.wants.end(),
                     [&](const Want& want) { return last_name(want.path) == soname; });
}

void DlopenFinder::note_unloaded() {
  Planner planner(plan_, sysroot_, options_);
  std::set<std::string> seen;
  for (const Named& named : left_) {
    if (std::any_of(named.sonames.begin(), named.sonames.end(),
                    [&](const std::string& name) { return is_planned(name); })) {
      continue;
    }
    for (const std::string& soname : named.sonames) {
      if (!seen.insert(soname).second) continue;
      if (!planner.loaded_closure(named.file, soname).missing.empty()) {
        continue;
      }
      plan_.unloaded.push_back({soname, named.file.path, named.feature, named.by_note});
      break;
    }
  }
}

}  // namespace scratchpack
