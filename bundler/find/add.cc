#include "bundler/find/add.h"

#include <fmt/format.h>

#include <filesystem>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/find/data_needs.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

struct Spec {
  std::string source;
  std::string destination;  ///< absolute; empty when none was given
};

std::string absolute_destination(const std::string& destination, const std::string& workdir) {
  bool relative = destination[0] != '/';
  return normal_path(relative ? workdir + "/" + destination : destination);
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string absolute_source(const std::string& source) { return fs::absolute(source).string(); }

/// `source` itself where there is such a file, whatever its name; else what it matches as a
/// pattern.
std::vector<std::string> sources(const std::string& source, const std::string& option) {
  std::string path = absolute_source(source);
  if (exists(path)) return {path};
  std::vector<std::string> paths = Sysroot().glob(path);
  if (paths.empty()) {
    throw Error(
        fmt::format("{}: no such file or directory, and nothing matches it as a pattern", option));
  }
  return paths;
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Plans each file below a directory of the sysroot or of the build machine.
class BinaryAdder {
 public:
  BinaryAdder(Plan& plan, const Sysroot& sysroot, const ResolveOptions& options, std::string reason)
      : plan_(plan), sysroot_(sysroot), options_(options), reason_(std::move(reason)) {}

  /// A file of the sysroot at its own path.
  void add_own(const std::string& path) {
    std::optional<FileStatus> status = sysroot_.stat(path);
    if (status && status->kind == FileKind::directory) {
      for (const std::string& name : sysroot_.list(path)) add_own(joined(path, name));
    } else if (status) {
      plan_binary(plan_, sysroot_, {.path = path, .reason = reason_}, options_);
    }
  }

  /// A file of the build machine, put at `path`.
  void add_from(const std::string& source, const std::string& path) {
    if (!is_directory(source)) {
      Want want{.path = path, .reason = reason_, .source = source};
      return plan_binary(plan_, sysroot_, want, options_);
    }
    for (const std::string& name : Sysroot().list(source)) {
      std::string child = joined(source, name);
      // A link to a directory could lead round in a circle; its files are added by themselves.
      if (is_directory(child) && fs::is_symlink(child)) continue;
      if (exists(child)) add_from(child, joined(path, name));
    }
  }

 private:
  Plan& plan_;
  const Sysroot& sysroot_;
  const ResolveOptions& options_;
  std::string reason_;
};

}  // namespace

void plan_data(Plan& plan, const std::string& spec, const std::string& workdir,
               const Sysroot& sysroot, const ResolveOptions& options) {
  const std::string option = "--add-data " + spec;
  std::size_t colon = spec.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == spec.size()) {
    throw UsageError(option + ": must be SRC:DEST (DEST is a directory in the bundle)");
  }
  std::string destination = absolute_destination(spec.substr(colon + 1), workdir);
  for (const std::string& source : sources(spec.substr(0, colon), option)) {
    Want want{.path = destination, .reason = option, .source = source};
    if (!is_directory(source)) want.path = joined(destination, last_name(normal_path(source)));
    want.container_first = true;
    plan.wants.push_back(want);
    plan_data_needs(plan, want, sysroot, options);
  }
}

void plan_added_binary(Plan& plan, const std::string& spec, const std::string& workdir,
                       const Sysroot& sysroot, const ResolveOptions& options) {
  const std::string option = "--add-binary " + spec;
  bool whole = !spec.empty() && exists(absolute_source(spec));
  std::size_t colon = whole ? std::string::npos : spec.rfind(':');
  std::string source = spec.substr(0, colon);
  if (source.empty() || (colon != std::string::npos && colon + 1 == spec.size())) {
    throw UsageError(option + ": must be SRC or SRC:DEST (DEST is a directory in the bundle)");
  }
  std::string destination =
      colon == std::string::npos ? "" : absolute_destination(spec.substr(colon + 1), workdir);

  BinaryAdder adder(plan, sysroot, options, option);
  std::vector<std::string> own;
  if (source[0] == '/') {
    own =
        sysroot.stat(source) ? std::vector<std::string>{normal_path(source)} : sysroot.glob(source);
  }
  if (!own.empty() && destination.empty()) {
    for (const std::string& path : own) adder.add_own(path);
    return;
  }
  // A file of the sysroot keeps its name, whatever its links lead to; put where it lies, it is the
  // sysroot's own.
  for (const std::string& named : own.empty() ? sources(source, option) : own) {
    std::string found = own.empty() ? named : *sysroot.host_path(named);
    std::string place = destination.empty()   ? normal_path(found)
                        : is_directory(found) ? destination
                                              : joined(destination, last_name(normal_path(named)));
    !own.empty() && place == named ? adder.add_own(named) : adder.add_from(found, place);
  }
}

}  // namespace scratchpack
