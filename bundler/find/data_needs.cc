#include "bundler/find/data_needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

class DataNeeds {
 public:
  DataNeeds(Plan& plan, const Want& data, const Sysroot& sysroot, const ResolveOptions& options)
      : plan_(plan), data_(data), sysroot_(sysroot), options_(options) {}

  void add(const std::string& source, const std::string& path) {
    std::error_code ignored;
    if (fs::is_directory(source, ignored)) {
      for (const std::string& name : Sysroot().list(source)) {
        std::string child = joined(source, name);
        if (!fs::is_symlink(child, ignored)) add(child, joined(path, name));
      }
    } else if (fs::is_regular_file(source, ignored)) {
      brought_.insert(last_name(path));
      if (is_loadable(source, path)) add_loadable(source, path);
    }
  }

  /// A library may be one that came as data, too, and is loaded before the one that needs it.
  void warn_of_missing() {
    for (const Want& want : plan_.wants) brought_.insert(last_name(want.path));
    for (const auto& [name, needed_by] : missing_) {
      if (brought_.contains(name)) continue;
      plan_.warnings.push_back(
          fmt::format("{}: {} needs {}, which is not found: it will not load (install it, or name "
                      "its folder with --library-path)",
                      data_.reason, needed_by, name));
    }
  }

 private:
  bool is_loadable(const std::string& source, const std::string& path) const {
    if (!begins_as_elf(source)) return false;
    try {
      std::optional<ElfFile> elf = read_elf_file(source, path);
      return elf && elf->is_native() && elf->has_dynamic && elf->kind != ElfKind::static_program &&
             !is_for_musl_alone(*elf);
    } catch (const Error&) {
      return false;
    }
  }

  /// Packages bring addons ready-made for both C libraries, and load the one that fits.
  bool is_for_musl_alone(const ElfFile& elf) const {
    return !elf.interpreter && !is_musl_linker(plan_.interpreter) &&
           std::ranges::any_of(
               elf.needed, [](const std::string& name) { return name.starts_with("libc.musl"); });
  }

  void add_loadable(const std::string& source, const std::string& path) {
    std::size_t known = plan_.missing.size();
    Want want{.path = path, .reason = data_.reason, .source = source};
    want.container_first = data_.container_first;
    try {
      plan_binary(plan_, sysroot_, want, options_);
    } catch (const Error& error) {
      plan_.warnings.push_back(fmt::format("{}: {}", data_.reason, error.what()));
    }
    for (std::size_t index = known; index < plan_.missing.size(); ++index) {
      missing_.emplace(plan_.missing[index].name, path);
    }
    plan_.missing.resize(known);
  }

  Plan& plan_;
  const Want& data_;
  const Sysroot& sysroot_;
  const ResolveOptions& options_;
  std::set<std::string> brought_;               ///< names of files
  std::map<std::string, std::string> missing_;  ///< a library, and the first file that needs it
};

}  // namespace

void plan_data_needs(Plan& plan, const Want& data, const Sysroot& sysroot,
                     const ResolveOptions& options) {
  DataNeeds needs(plan, data, sysroot, options);
  needs.add(data.source, data.path);
  needs.warn_of_missing();
}

}  // namespace scratchpack
