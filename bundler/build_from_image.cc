#include "bundler/build_from_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/find/left_out.h"
#include "bundler/find/script.h"
#include "bundler/summary.h"
#include "bundler/trace_in_root.h"

namespace scratchpack {
namespace {

constexpr std::size_t kMostFolders = 4;
constexpr std::size_t kFolderDepth = 2;

/// A value of the image that scratchpack has its own rules for; what breaks them is left out.
template <typename Parse>
std::string parsed(const Parse& parse, const std::string& text, const std::string& what,
                   std::vector<std::string>& warnings) {
  try {
    return parse("--from-image", text);
  } catch (const UsageError& error) {
    warnings.push_back(fmt::format("the image's {} {} is left out: {}", what, text, error.what()));
    return "";
  }
}

bool has_key(const std::vector<KeyValue>& pairs, const std::string& key) {
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const KeyValue& each) { return each.key == key; });
}

/// The image's pairs that the user did not set, in front of the user's.
void complete(std::vector<KeyValue>& typed, std::vector<KeyValue> pairs) {
  std::erase_if(pairs, [&](const KeyValue& each) { return has_key(typed, each.key); });
  typed.insert(typed.begin(), pairs.begin(), pairs.end());
}

std::string top_folders(const std::string& path) {
  std::size_t end = 0;
  for (std::size_t depth = 0; depth < kFolderDepth && end != std::string::npos; ++depth) {
    end = path.find('/', end + 1);
  }
  return path.substr(0, end);
}

}  // namespace

ImageSource::ImageSource(const BuildOptions& typed)
    : image_(read_image(typed.from_image)),
      unpacked_(image_),
      sysroot_(unpacked_.root()),
      application_(image_application(image_, sysroot_, typed.application, typed.arguments)),
      options_(typed) {
  options_.sysroot = unpacked_.root();
  options_.application = application_.path;
  options_.arguments = application_.arguments;
  options_.arguments.insert(options_.arguments.end(), application_.command.begin(),
                            application_.command.end());
  take_environment();
  take_user();
  take_healthcheck();
  take_rest();
  warn_of_private();
}

void ImageSource::take_environment() {
  for (const KeyValue& each : options_.env) typed_names_.push_back(each.key);
  complete(options_.env, image_.config().environment);
}

void ImageSource::take_user() {
  if (options_.user) return;
  const std::string user = image_user(image_.config(), sysroot_);
  if (!user.empty()) options_.user = parse_identity("--user", user);
}

/// One executable has no other program for a health check to run.
void ImageSource::take_healthcheck() {
  if (!options_.healthcheck.empty()) return;
  std::vector<std::string> words = image_healthcheck(image_.config());
  if (words.empty()) return;
  std::string program = image_program_path(image_.config(), sysroot_, words[0]);
  const bool itself =
      !program.empty() && sysroot_.resolve(program) == sysroot_.resolve(application_.path);
  if (program.empty() || (!itself && options_.format == "onefile")) {
    warnings_.push_back(fmt::format(
        "the image's health check is left out: it runs {}, which {} (give one with --healthcheck)",
        words[0], program.empty() ? "the image does not have" : "is not in one executable"));
    return;
  }
  words[0] = itself ? last_name(application_.path) : program;
  options_.healthcheck = words;
  if (itself) return;
  application_.files.try_emplace(program,
                                 KnownFile{Use::executed, "the image's health check runs it"});
}

void ImageSource::take_rest() {
  const StoredConfig& config = image_.config();
  if (options_.workdir.empty() && !config.workdir.empty()) {
    options_.workdir = image_workdir(config);
  }
  complete(options_.label, config.labels);
  if (options_.expose.empty()) {
    for (const std::string& port : config.ports) {
      std::string taken = parsed(parse_port, port, "port", warnings_);
      if (!taken.empty()) options_.expose.push_back(taken);
    }
  }
  if (options_.stop_signal.empty() && !config.stop_signal.empty()) {
    options_.stop_signal = parsed(parse_signal, config.stop_signal, "stop signal", warnings_);
  }
}

void ImageSource::warn_of_private() {
  const std::vector<std::string>& paths = application_.left_out;
  if (paths.empty()) return;
  warnings_.push_back(
      fmt::format("{}{}: left out, {} private (--add-binary PATH takes it)", paths[0],
                  paths.size() == 1 ? "" : fmt::format(" and {} more files", paths.size() - 1),
                  paths.size() == 1 ? "it looks" : "they look"));
}

bool ImageSource::sets(const std::string& name) const {
  return std::find(typed_names_.begin(), typed_names_.end(), name) == typed_names_.end();
}

Traced ImageSource::trace(const std::vector<std::string>& command) const {
  RootedTrace request{.folder = unpacked_.folder(),
                      .command = command,
                      .environment = {},
                      .workdir = options_.workdir.empty() ? "/" : options_.workdir};
  for (const KeyValue& each : options_.env) {
    request.environment.push_back(fmt::format("{}={}", each.key, each.value));
  }
  if (!has_key(options_.env, "PATH")) {
    request.environment.push_back(fmt::format("PATH={}", fmt::join(default_path(), ":")));
  }
  if (!has_key(options_.env, "HOME")) request.environment.emplace_back("HOME=/root");
  return trace_in_root(request);
}

std::string ImageSource::remainder_text(const FileSet& files) const {
  std::uint64_t all = 0, all_bytes = 0, in = 0, in_bytes = 0;
  const bool packages = std::any_of(image_.files.begin(), image_.files.end(),
                                    [](const auto& each) { return !each.second.package.empty(); });
  std::map<std::string, std::uint64_t> left;
  for (const auto& [path, file] : image_.files) {
    if (file.kind != FileKind::file) continue;
    ++all;
    all_bytes += file.size;
    if (files.contains(path)) {
      ++in;
      in_bytes += file.size;
    } else if (file.package.empty() && !is_machines_own(path)) {
      left[top_folders(path)] += file.size;
    }
  }
  std::string text = fmt::format("\nOf the image's {} files, {}, {} are in it, {}.\n", all,
                                 human_size(all_bytes), in, human_size(in_bytes));
  std::vector<std::pair<std::string, std::uint64_t>> largest(left.begin(), left.end());
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (largest.size() > kMostFolders) largest.resize(kMostFolders);
  std::vector<std::string> words;
  words.reserve(largest.size());
  for (const auto& [folder, size] : largest) {
    words.push_back(fmt::format("{} ({})", folder, human_size(size)));
  }
  if (words.empty()) return text;
  return text + fmt::format(
                    "Left out{}: {}{}. Bring what it needs with --add-binary PATH or "
                    "--trace-run 'ARG…'.\n",
                    packages ? ", and of no package" : "", fmt::join(words, ", "),
                    left.size() > words.size() ? " and more" : "");
}

}  // namespace scratchpack
