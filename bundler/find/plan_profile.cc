#include "bundler/find/plan_profile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/left_out.h"

namespace scratchpack {
namespace {

/// A listed directory that holds more is somebody's storage; what of it counts, only the user
/// knows.
constexpr std::uint64_t kMostListed = std::uint64_t{64} << 20;  // bytes

const char* words_of(Use use) {
  switch (use) {
    case Use::looked_at:
      return "looked at";
    case Use::listed:
      return "listed";
    case Use::opened:
      return "opened";
    case Use::mapped:
      return "loaded";
    case Use::interpreter:
      return "an interpreter";
    case Use::executed:
      return "executed";
  }
  return "";
}

class Adder {
 public:
  /// `source` as warnings name it. `data_yields`: the container comes first where it has data.
  Adder(Plan& plan, const Sysroot& sysroot, const Profile& profile, std::string source,
        bool data_yields, const ResolveOptions& options)
      : plan_(plan),
        sysroot_(sysroot),
        profile_(profile),
        source_(std::move(source)),
        data_yields_(data_yields),
        options_(options) {
    for (const Want& want : plan.wants) planned_.insert(want.path);
  }

  void add(const std::string& path, Use use, const std::string& reason) {
    if (path == "/" || planned_.contains(path) || is_machines_own(path)) return;
    Want want{.path = path, .reason = reason, .container_first = path.starts_with("/etc/")};
    std::optional<FileStatus> status = sysroot_.stat(path);
    if (!status) return add_dangling(std::move(want));
    if (is_machines_own(sysroot_.resolve(path).value_or(path))) return;
    if (status->kind == FileKind::directory) {
      want.only_itself = true;
      if (use == Use::looked_at) want.reason += ", none of its files";
      put(want);
      if (use == Use::listed) add_names(path, reason);
    } else if (status->kind == FileKind::file) {
      add_file(want, use);
    }
  }

 private:
  void put(const Want& want) {
    if (planned_.insert(want.path).second) plan_.wants.push_back(want);
  }

  void warn(const std::string& path, const std::string& reason) {
    plan_.warnings.push_back(fmt::format("{}: {}: {}", source_, path, reason));
  }

  /// A link that leads nowhere is a link all the same.
  void add_dangling(Want want) {
    if (!sysroot_.lstat(want.path)) {
      return warn(want.path, "left out, it is not there any more (trace again)");
    }
    want.target = sysroot_.target_of(want.path);
    put(want);
  }

  void add_file(Want want, Use use) {
    std::string host = sysroot_.host_path(want.path).value_or("");
    if (::faccessat(AT_FDCWD, host.c_str(), R_OK, AT_EACCESS) != 0) {
      return warn(want.path, fmt::format("left out, {}", errno_text(errno)));
    }
    try {
      bool program = read_elf_file(host, want.path).has_value();
      want.container_first |= data_yields_ && !program;
      if (!program && use != Use::executed) return put(want);
      add_program(want);
    } catch (const Error& error) {
      warn(want.path, error.what());
      put(want);
    }
  }

  /// With its closure. What lacks a library may have been looked at only, or have come without it.
  void add_program(const Want& want) {
    const std::size_t missing = plan_.missing.size();
    const std::size_t known = plan_.wants.size();
    plan_binary(plan_, sysroot_, want, options_);
    for (std::size_t i = missing; i < plan_.missing.size(); ++i) {
      warn(want.path, fmt::format("needs {}, which is not installed", plan_.missing[i].name));
    }
    plan_.missing.resize(missing);
    for (std::size_t i = known; i < plan_.wants.size(); ++i) planned_.insert(plan_.wants[i].path);
  }

  bool uses_names_of(const std::string& directory) const {
    const std::string below = joined(directory, "");
    auto next = profile_.files.lower_bound(below);
    return next != profile_.files.end() && next->first.starts_with(below);
  }

  void add_names(const std::string& directory, const std::string& reason) {
    if (uses_names_of(directory)) return;
    std::vector<std::string> paths;
    std::uint64_t size = 0;
    for (const std::string& name : sysroot_.list(directory)) {
      std::string path = joined(directory, name);
      std::optional<FileStatus> status = sysroot_.stat(path);
      if (!status || looks_private(path, status->kind == FileKind::directory)) continue;
      if (status->kind == FileKind::file) size += status->size;
      paths.push_back(std::move(path));
    }
    if (size > kMostListed) {
      return warn(directory,
                  fmt::format("only listed, and {} MB: its files are left out (--add-data "
                              "takes them)",
                              size >> 20));
    }
    for (const std::string& path : paths) add(path, Use::looked_at, reason);
  }

  Plan& plan_;
  const Sysroot& sysroot_;
  const Profile& profile_;
  std::string source_;
  bool data_yields_;
  const ResolveOptions& options_;
  std::set<std::string> planned_;  // paths of wants
};

}  // namespace

void plan_profile(Plan& plan, const Sysroot& sysroot, const Profile& profile,
                  const std::string& name, const ResolveOptions& options) {
  Adder adder(plan, sysroot, profile, "profile " + name, false, options);
  for (const auto& [path, use] : profile.files) {
    adder.add(path, use, fmt::format("used in trace {}: {}", name, words_of(use)));
  }
}

void plan_known_files(Plan& plan, const Sysroot& sysroot,
                      const std::map<std::string, KnownFile>& files, const std::string& source,
                      const ResolveOptions& options) {
  const Profile none;
  Adder adder(plan, sysroot, none, source, true, options);
  for (const auto& [path, file] : files) adder.add(path, file.use, file.reason);
}

std::set<std::string> used_files(const Sysroot& sysroot, const Profile& profile) {
  std::set<std::string> used;
  for (const auto& [path, use] : profile.files) {
    if (std::optional<std::string> real = sysroot.resolve(path)) used.insert(*real);
  }
  return used;
}

}  // namespace scratchpack
