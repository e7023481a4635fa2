#include "bundler/findings.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "bundler/base/digest.h"
#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"
#include "bundler/findings_locales.h"
#include "bundler/report_reasons.h"

namespace scratchpack {
namespace {

/// Names as digests, sorted: the names of a large bundle's libraries would fill more memory than
/// its files.
using Names = std::vector<std::uint64_t>;

Names digests(const std::vector<std::string_view>& names) {
  Names all;
  all.reserve(names.size());
  for (std::string_view name : names) {
    all.push_back(xxh64({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()}));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

struct Object {
  std::size_t file = 0;
  bool library = false;
  std::vector<std::string> needed = {};
  Names imports = {};
  Names exports = {};
  std::uint64_t strippable = 0;
};

std::optional<Object> object_of(std::size_t number, const Bytes& bytes, const std::string& name) {
  std::optional<ElfFile> elf;
  try {
    elf = read_elf(bytes, name);
  } catch (const Error&) {
    return std::nullopt;  // damaged data among the files is the application's business
  }
  if (!elf) return std::nullopt;
  Object object{.file = number,
                .library = elf->kind == ElfKind::shared_library,
                .needed = elf->needed,
                .imports = digests(imported_symbols(bytes)),
                .exports = digests(exported_symbols(bytes)),
                .strippable = strippable_bytes(bytes)};
  if (elf->kind == ElfKind::dynamic_program) {
    // Data that a program copies out of a library (stdout, environ) is defined in the program.
    Names both;
    std::set_union(object.imports.begin(), object.imports.end(), object.exports.begin(),
                   object.exports.end(), std::back_inserter(both));
    object.imports = std::move(both);
  }
  return object;
}

/// The files that are read, in order of their numbers.
struct Contents {
  std::vector<Object> objects;
  std::map<std::pair<std::uint64_t, std::string>, std::vector<std::size_t>> same;
};

Contents read_contents(const Report& report, const ContentOf& content) {
  std::map<std::uint64_t, std::size_t> of_size;
  for (const ReportFile& file : report.files) {
    if (file.kind == "file") ++of_size[file.size];
  }
  Contents contents;
  for (std::size_t number = 0; number < report.files.size(); ++number) {
    const ReportFile& file = report.files[number];
    if (file.kind != "file" || file.size == 0) continue;
    const Bytes bytes = content(number);
    if (of_size[file.size] > 1) contents.same[{file.size, sha256(bytes)}].push_back(number);
    if (auto object = object_of(number, bytes, file.path)) {
      contents.objects.push_back(std::move(*object));
    }
  }
  return contents;
}

/// Which object a name in DT_NEEDED means.
class ByName {
 public:
  ByName(const Report& report, const std::vector<Object>& objects)
      : report_(report), paths_(by_path(report)) {
    for (std::size_t number = 0; number < objects.size(); ++number) {
      object_of_[&report.files[objects[number].file]] = number;
    }
    for (const ReportFile& file : report.files) {
      if (file.kind != "directory") places_[last_name(file.path)].push_back(&file);
    }
  }

  /// Of several places: the one whose reason names the file, else one in the same folder, else the
  /// first by path. Nothing when none of the name is an ELF file inside.
  std::optional<std::size_t> find(const std::string& name, const Object& from) const {
    auto places = places_.find(last_name(name));
    if (places == places_.end()) return std::nullopt;
    const ReportFile& asking = report_.files[from.file];
    std::optional<std::tuple<bool, bool, std::size_t>> best;
    for (const ReportFile* place : places->second) {
      auto object = object_of_.find(follow(paths_, place->path));
      if (object == object_of_.end()) continue;
      std::tuple rank{cause_of(paths_, *object->first) != &asking,
                      directory_of(object->first->path) != directory_of(asking.path),
                      object->second};
      if (!best || rank < *best) best = rank;
    }
    return best ? std::optional(std::get<2>(*best)) : std::nullopt;
  }

 private:
  const Report& report_;
  FilesByPath paths_;
  std::map<std::string, std::vector<const ReportFile*>> places_;
  std::map<const ReportFile*, std::size_t> object_of_;
};

/// Who links whom, and of which libraries a symbol is used.
struct Uses {
  std::vector<ReportLink> links = {};  ///< by numbers of files
  std::vector<bool> used = {};         ///< by numbers of objects
};

std::vector<std::size_t> needed_objects(const Object& object, const ByName& names) {
  std::vector<std::size_t> needed;
  for (const std::string& name : object.needed) {
    auto found = names.find(name, object);
    if (found && std::find(needed.begin(), needed.end(), *found) == needed.end()) {
      needed.push_back(*found);
    }
  }
  return needed;
}

Uses find_uses(const Report& report, const std::vector<Object>& objects) {
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> definers;
  for (std::size_t number = 0; number < objects.size(); ++number) {
    if (!objects[number].library) continue;
    for (std::uint64_t name : objects[number].exports) definers[name].push_back(number);
  }
  const ByName names(report, objects);
  Uses uses;
  uses.used.resize(objects.size());
  for (std::size_t number = 0; number < objects.size(); ++number) {
    std::map<std::size_t, std::uint64_t> direct;  // object -> names taken from it
    const std::vector<std::size_t> needed = needed_objects(objects[number], names);
    for (std::size_t each : needed) direct[each] = 0;
    for (std::uint64_t name : objects[number].imports) {
      auto found = definers.find(name);
      if (found == definers.end()) continue;
      bool answered = false;
      for (std::size_t each : found->second) {
        auto link = direct.find(each);
        if (link == direct.end()) continue;
        ++link->second;
        uses.used[each] = answered = true;
      }
      if (answered) continue;
      for (std::size_t each : found->second) {
        if (each != number) uses.used[each] = true;
      }
    }
    for (std::size_t each : needed) {
      uses.links.push_back({objects[number].file, objects[each].file, direct[each]});
    }
  }
  return uses;
}

/// What costs most comes first; equal ones by path.
void sort_by_bytes(std::vector<ReportWaste::Spare>& spares) {
  std::sort(spares.begin(), spares.end(),
            [](const ReportWaste::Spare& a, const ReportWaste::Spare& b) {
              return a.bytes != b.bytes ? a.bytes > b.bytes : a.path < b.path;
            });
}

std::vector<ReportWaste::Spare> unused_libraries(const Report& report,
                                                 const std::vector<Object>& objects,
                                                 const Uses& uses) {
  std::vector<ReportWaste::Spare> unused;
  for (std::size_t number = 0; number < objects.size(); ++number) {
    const ReportFile& file = report.files[objects[number].file];
    // What a recipe, a trace or the user asked for is loaded by name.
    if (!objects[number].library || uses.used[number] || !file.reason.starts_with("needed by ")) {
      continue;
    }
    ReportWaste::Spare spare{.path = file.path, .bytes = file.size};
    for (const ReportLink& link : uses.links) {
      if (link.to == objects[number].file) {
        spare.needed_by.push_back(report.files[link.from].path);
      }
    }
    unused.push_back(std::move(spare));
  }
  sort_by_bytes(unused);
  return unused;
}

std::vector<ReportWaste::Copies> identical_files(const Report& report, const Contents& contents) {
  std::vector<ReportWaste::Copies> identical;
  for (const auto& [content, numbers] : contents.same) {
    if (numbers.size() < 2) continue;
    ReportWaste::Copies copies{.size = content.first};
    for (std::size_t number : numbers) copies.paths.push_back(report.files[number].path);
    identical.push_back(std::move(copies));
  }
  auto spared = [](const ReportWaste::Copies& each) { return each.size * (each.paths.size() - 1); };
  std::sort(identical.begin(), identical.end(),
            [&](const ReportWaste::Copies& a, const ReportWaste::Copies& b) {
              return spared(a) != spared(b) ? spared(a) > spared(b) : a.paths < b.paths;
            });
  return identical;
}

/// A file that is in two lists counts once.
std::uint64_t all_together(const ReportWaste& waste) {
  std::set<std::string> whole;
  std::uint64_t sum = 0;
  for (const ReportWaste::Copies& copies : waste.identical) {
    for (std::size_t i = 1; i < copies.paths.size(); ++i) {
      if (whole.insert(copies.paths[i]).second) sum += copies.size;
    }
  }
  for (const auto* list : {&waste.unused, &waste.locales}) {
    for (const ReportWaste::Spare& spare : *list) {
      if (whole.insert(spare.path).second) sum += spare.bytes;
    }
  }
  for (const ReportWaste::Spare& spare : waste.debug) {
    if (!whole.contains(spare.path)) sum += spare.bytes;
  }
  return sum;
}

}  // namespace

ReportFindings findings_of(const Report& report, const ContentOf& content) {
  const Contents contents = read_contents(report, content);
  Uses uses = find_uses(report, contents.objects);
  ReportFindings findings;
  ReportWaste& waste = findings.waste;
  waste.identical = identical_files(report, contents);
  waste.unused = unused_libraries(report, contents.objects, uses);
  for (const Object& object : contents.objects) {
    if (object.strippable == 0) continue;
    waste.debug.push_back({report.files[object.file].path, object.strippable});
  }
  sort_by_bytes(waste.debug);
  waste.locales = unasked_locales(report);
  sort_by_bytes(waste.locales);
  waste.bytes = all_together(waste);
  findings.links = std::move(uses.links);
  return findings;
}

}  // namespace scratchpack
