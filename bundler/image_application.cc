#include "bundler/image_application.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/base/values.h"
#include "bundler/find/left_out.h"
#include "bundler/find/script.h"
#include "bundler/find/shell_commands.h"
#include "bundler/image_report.h"

namespace scratchpack {
namespace {

constexpr std::uint64_t kLargestScript = std::uint64_t{1} << 20;

/// Folders that hold more than one application.
const std::set<std::string> kSystems = {
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib32",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/usr/local/sbin",
    "/var/lib",
    "/var/cache",
    "/var/log",
    "/var/run",
    "/var/tmp",
    "/usr/libexec",
    "/usr/local/share",
};

bool is_shell(const std::string& program) {
  static const std::set<std::string> kShells = {"sh", "bash", "dash", "ash", "ksh", "zsh"};
  return kShells.contains(last_name(program));
}

std::string variable(const StoredConfig& config, const std::string& name) {
  for (const KeyValue& each : config.environment) {
    if (each.key == name) return each.value;
  }
  return "";
}

bool is_program(const Sysroot& sysroot, const std::string& path) {
  std::optional<FileStatus> status = sysroot.stat(path);
  return status && status->kind == FileKind::file && (status->mode & 0111) != 0;
}

/// The text of a shell script, or nothing when the file is something else.
std::optional<std::string> shell_script(const Sysroot& sysroot, const std::string& path) {
  std::optional<FileStatus> status = sysroot.stat(path);
  if (!status || status->kind != FileKind::file || status->size > kLargestScript) {
    return std::nullopt;
  }
  std::string text = sysroot.read_text(path).value_or("");
  std::optional<ScriptLine> line = read_script_line(text);
  if (!line) return std::nullopt;
  std::string program = line->interpreter;
  if (last_name(program) == "env" && line->argument) {
    program = env_program(*line->argument).value_or("");
  }
  return is_shell(program) ? std::optional(text) : std::nullopt;
}

class Chooser {
 public:
  Chooser(const Image& image, const Sysroot& sysroot) : image_(image), sysroot_(sysroot) {}

  ImageApplication choose(const std::string& asked, const std::vector<std::string>& given) {
    take_words(asked, given);
    take_named();
    take_folder(image_workdir(image_.config()), "in the image's working directory", true);
    const std::string real = sysroot_.resolve(chosen_.path).value_or(chosen_.path);
    take_folder(directory_of(real), "beside the image's program", false);
    take_copied();
    return std::move(chosen_);
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(fmt::format("build --from-image {}: {}", image_.name, reason));
  }

  void take_words(const std::string& asked, const std::vector<std::string>& given) {
    const StoredConfig& config = image_.config();
    std::vector<std::string> words = asked.empty() ? config.entrypoint : std::vector{asked};
    chosen_.command = asked.empty() && given.empty() ? config.command : given;
    if (words.empty() && !chosen_.command.empty()) std::swap(words, chosen_.command);
    if (words.empty()) fail("the image names no program (name one behind the image)");
    chosen_.path = program_of(words[0]);
    if (chosen_.path.empty()) {
      fail(fmt::format("{} is no program of the image (name another behind the image)", words[0]));
    }
    chosen_.arguments.assign(words.begin() + 1, words.end());
    drop_shell();
  }

  std::string program_of(const std::string& name) const {
    return image_program_path(image_.config(), sysroot_, name);
  }

  /// `sh -c "exec app --flag"` is app, which a small image runs without a shell; what a shell has
  /// to do stays with it.
  void drop_shell() {
    std::vector<std::string>& words =
        chosen_.arguments.empty() ? chosen_.command : chosen_.arguments;
    if (!is_shell(chosen_.path) || words.size() < 2 || words[0] != "-c") return;
    std::optional<std::vector<std::string>> plain = plain_command(words[1]);
    std::string program = plain ? program_of(plain->front()) : "";
    if (program.empty()) return take_called(words[1], "the image's shell command calls it");
    chosen_.path = program;
    words.assign(plain->begin() + 1, plain->end());
  }

  void take_called(const std::string& script, const std::string& reason) {
    for (const std::string& name : shell_commands(script)) {
      std::string program = program_of(name);
      if (!program.empty() && program != chosen_.path) take(program, Use::executed, reason);
    }
  }

  /// What the command names, and what its script calls: a script that ends in `exec "$@"` runs the
  /// command behind it.
  void take_named() {
    if (std::optional<std::string> script = shell_script(sysroot_, chosen_.path)) {
      take_called(*script, "called by " + chosen_.path);
    }
    std::vector<std::string> words = chosen_.arguments;
    words.insert(words.end(), chosen_.command.begin(), chosen_.command.end());
    for (const std::string& word : words) take_word(word);
  }

  void take_word(const std::string& word) {
    const std::string reason = "the image's command names it";
    std::string program = program_of(word);
    if (!program.empty()) {
      if (program != chosen_.path) take(program, Use::executed, reason);
      if (std::optional<std::string> script = shell_script(sysroot_, program)) {
        take_called(*script, "called by " + program);
      }
      return;
    }
    const std::string value = word.substr(word.find('=') + 1);  // --config=/etc/app.conf
    if (value.empty() || value.starts_with('-')) return;
    const std::string path = value.starts_with('/')
                                 ? normal_path(value)
                                 : normal_path(image_workdir(image_.config()) + "/" + value);
    std::optional<FileStatus> status = sysroot_.stat(path);
    if (status && status->kind == FileKind::file) take(path, Use::opened, reason);
  }

  void take_folder(const std::string& folder, const std::string& reason, bool packages_too) {
    std::string real = sysroot_.resolve(folder).value_or("");
    if (real.empty() || kSystems.contains(real)) {
      if (!real.empty() && real != "/") take(folder, Use::looked_at, reason);
      return;
    }
    if (real != folder) take(folder, Use::looked_at, reason);
    const std::string below = joined(real, "");
    take(real, Use::looked_at, reason);
    for (auto file = image_.files.lower_bound(below);
         file != image_.files.end() && file->first.starts_with(below); ++file) {
      if (packages_too || file->second.package.empty()) take(*file, reason);
    }
  }

  void take_copied() {
    for (const auto& file : image_.files) {
      if (file.second.layer == 0 || !file.second.package.empty()) continue;
      if (file.second.kind == FileKind::directory) continue;
      const std::string made = instruction(image_.layers()[file.second.layer].created_by);
      bool copied = made.starts_with("COPY ") || made.starts_with("ADD ");
      if (copied) take(file, "put into the image by " + made.substr(0, made.find(' ')));
    }
  }

  void take(const std::pair<const std::string, ImageFile>& file, const std::string& reason) {
    if (file.second.kind == FileKind::other) return;
    take(file.first, file.second.kind == FileKind::directory ? Use::looked_at : Use::opened,
         reason);
  }

  void take(const std::string& path, Use use, const std::string& reason) {
    if (looks_private(path, use == Use::looked_at)) {
      chosen_.left_out.push_back(path);
    } else {
      chosen_.files.try_emplace(path, KnownFile{use, reason});
    }
  }

  const Image& image_;
  const Sysroot& sysroot_;
  ImageApplication chosen_;
};

/// The line of a passwd or group file whose first field is `name`, in fields.
std::vector<std::string> account(const Sysroot& sysroot, const std::string& file, std::size_t field,
                                 const std::string& value) {
  for (const std::string& line : split(sysroot.read_text(file).value_or(""), '\n')) {
    std::vector<std::string> fields(1);
    for (char c : line) {
      if (c == ':') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (fields.size() > field && fields[field] == value) return fields;
  }
  return {};
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

ImageApplication image_application(const Image& image, const Sysroot& sysroot,
                                   const std::string& asked,
                                   const std::vector<std::string>& given) {
  return Chooser(image, sysroot).choose(asked, given);
}

std::string image_program_path(const StoredConfig& config, const Sysroot& sysroot,
                               const std::string& name) {
  if (name.empty()) return "";
  if (name.find('/') != std::string::npos) {
    const std::string path = name.starts_with('/') ? name : image_workdir(config) + "/" + name;
    return is_program(sysroot, path) ? normal_path(path) : "";
  }
  const std::string path = variable(config, "PATH");
  for (const std::string& folder : path.empty() ? default_path() : split(path, ':')) {
    if (!folder.starts_with('/')) continue;
    std::string candidate = normal_path(folder + "/" + name);
    if (is_program(sysroot, candidate)) return candidate;
  }
  return "";
}

std::vector<std::string> image_healthcheck(const StoredConfig& config) {
  const std::vector<std::string>& test = config.healthcheck;
  if (test.size() < 2) return {};
  if (test[0] != "CMD-SHELL") return {test.begin() + 1, test.end()};
  return plain_command(test[1]).value_or(std::vector<std::string>{"/bin/sh", "-c", test[1]});
}

std::string image_workdir(const StoredConfig& config) { return normal_path(config.workdir); }

std::string image_user(const StoredConfig& config, const Sysroot& sysroot) {
  if (config.user.empty()) return "";
  const std::size_t colon = config.user.find(':');
  std::string user = config.user.substr(0, colon);
  std::string group = colon == std::string::npos ? "" : config.user.substr(colon + 1);
  auto unknown = [](const std::string& name) {
    return Error(fmt::format(
        "build --from-image: the image does not know its own user {} (give a number with --user)",
        name));
  };
  std::vector<std::string> entry = account(sysroot, "/etc/passwd", is_number(user) ? 2 : 0, user);
  if (!is_number(user)) {
    if (entry.size() < 4) throw unknown(user);
    user = entry[2];
  }
  if (group.empty()) group = entry.size() >= 4 ? entry[3] : user == "0" ? "0" : user;
  if (!is_number(group)) {
    std::vector<std::string> line = account(sysroot, "/etc/group", 0, group);
    if (line.size() < 3) throw unknown(group);
    group = line[2];
  }
  return user + ":" + group;
}

}  // namespace scratchpack
