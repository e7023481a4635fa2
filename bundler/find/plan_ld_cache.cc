#include <filesystem>
#include <map>
#include <set>

#include "bundler/base/error.h"
#include "bundler/find/ld_cache.h"
#include "bundler/find/resolve.h"
#include "bundler/find/search_path.h"

namespace scratchpack {
namespace {

constexpr const char* kPath = "/etc/ld.so.cache";

bool looks_like_library(const std::string& name) {
  return name.starts_with("lib") && name.find(".so") != std::string::npos;
}

class CachePlanner {
 public:
  CachePlanner(const Plan& plan, const Sysroot& sysroot) : sysroot_(sysroot) {
    for (const Program& program : plan.programs) {
      if (!is_musl_linker(program.interpreter)) {
        linker_ = program.interpreter;
        continue;
      }
      foreign_.insert(program.interpreter);
      foreign_.insert(program.libraries.begin(), program.libraries.end());
    }
  }

  /// Whether any program has use for a cache.
  bool is_wanted() const { return !linker_.empty(); }

  void add(const Want& want) {
    if (want.content || !want.target.empty() || foreign_.contains(want.path)) return;
    std::optional<ElfFile> elf = library_at(want);
    if (!elf || is_musl_linker(linker_for_library(sysroot_, *elf, linker_))) return;
    std::string path = plain_path(want);
    std::string name = path.substr(path.rfind('/') + 1);
    if (elf->soname) list(*elf->soname, path);
    if (looks_like_library(name)) list(name, path);
  }

  std::string content() const {
    std::vector<LdCacheEntry> entries;
    for (const auto& [name, path] : paths_) entries.push_back({name, path});
    Bytes bytes = write_ld_cache(std::move(entries));
    return std::string(bytes.begin(), bytes.end());
  }

 private:
  /// The shared library that a want brings; nothing when it brings something else. What is damaged
  /// and no library of a program came in as data, and is none of our business.
  std::optional<ElfFile> library_at(const Want& want) const {
    std::optional<std::string> host =
        want.source.empty() ? sysroot_.host_path(want.path) : std::optional(want.source);
    std::error_code ignored;
    if (!host || !std::filesystem::is_regular_file(*host, ignored)) return std::nullopt;
    try {
      std::optional<ElfFile> elf = read_elf_file(*host, want.path);
      bool fits = elf && elf->is_native() && elf->kind == ElfKind::shared_library;
      return fits ? elf : std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  /// Without `..`, which a run path may have brought: the linker would open that as well, but it
  /// is longer to follow.
  std::string plain_path(const Want& want) const {
    if (!want.source.empty() || normal_path(want.path) == want.path) return normal_path(want.path);
    std::optional<std::string> directory = sysroot_.resolve(directory_of(want.path));
    std::string name = want.path.substr(want.path.rfind('/'));
    return normal_path(directory.value_or(directory_of(want.path)) + name);
  }

  /// Two libraries of one name: that which the root file system's own cache or default directories
  /// give, as the other was found by a run path, and will be again.
  void list(const std::string& name, const std::string& path) {
    if (name.find('/') != std::string::npos) return;
    auto [entry, fresh] = paths_.try_emplace(name, path);
    if (fresh || entry->second == path) return;
    if (is_default(name, path)) entry->second = path;
  }

  bool is_default(const std::string& name, const std::string& path) const {
    ResolveOptions plain;
    Object nobody;
    std::unique_ptr<Linker> linker = make_linker(sysroot_, linker_, plain);
    for (const Candidate& candidate : linker->candidates(name, nobody, nobody)) {
      if (!candidate.passed_over.empty() || !sysroot_.stat(candidate.path)) continue;
      return sysroot_.resolve(candidate.path) == sysroot_.resolve(path);
    }
    return false;
  }

  const Sysroot& sysroot_;
  std::string linker_;             ///< of a glibc program
  std::set<std::string> foreign_;  ///< what belongs to musl programs
  std::map<std::string, std::string> paths_;
};

}  // namespace

void plan_ld_cache(Plan& plan, const Sysroot& sysroot) {
  std::erase_if(plan.wants, [](const Want& want) { return want.path == kPath; });
  CachePlanner cache(plan, sysroot);
  if (!cache.is_wanted()) return;
  for (const Want& want : plan.wants) cache.add(want);
  plan.wants.push_back(Want{.path = kPath,
                            .reason = "index of the libraries for the dynamic linker",
                            .content = cache.content()});
}

}  // namespace scratchpack
