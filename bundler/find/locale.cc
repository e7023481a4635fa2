#include "bundler/find/locale.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/interrupt.h"
#include "bundler/find/elf_scan.h"
#include "bundler/find/resolve.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

const std::string kLocales = "/usr/lib/locale/";
const std::string kSources = "/usr/share/i18n";
const std::string kMessages = "/usr/share/locale/";

bool is_word(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char character) {
    return std::isalnum(character) || character == '-' || character == '_';
  });
}

[[noreturn]] void fail(const std::string& name, const std::string& reason) {
  throw Error(fmt::format("add locale {}: {}", name, reason));
}

/// A folder for localedef's output, removed with what is in it, by a signal, too.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (fs::temp_directory_path() / "scratchpack.XXXXXX").string();
    HeldSignals held;
    if (::mkdtemp(path_.data()) == nullptr) {
      throw Error(fmt::format("make a folder below {}: {} (set TMPDIR to one that may be written)",
                              fs::temp_directory_path().string(), errno_text(errno)));
    }
    unfinished_.reset(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Unfinished unfinished_;
};

/// Runs localedef; what it says is dropped. Status 1 are warnings.
bool run_localedef(std::vector<std::string> words, std::string sources) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  sources.insert(0, "I18NPATH=");
  std::array<char*, 3> environment = {path.data(), sources.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  int error = ::posix_spawn(&child, "/usr/bin/localedef", &actions, nullptr, arguments.data(),
                            environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) <= 1;
}

void compile(Plan& plan, const Sysroot& sysroot, const std::string& asked, const LocaleName& name,
             const std::string& reason) {
  std::optional<std::string> source = sysroot.host_path(kSources + "/locales/" + name.source());
  if (!source) {
    bool any = sysroot.stat(kSources + "/locales").has_value();
    fail(asked, any ? fmt::format("there is no {}/locales/{} (such as ko_KR.UTF-8 are there)",
                                  kSources, name.source())
                    : fmt::format("{} is missing (install the package locales)", kSources));
  }
  TemporaryFolder folder;
  const std::string made = folder.path() + "/" + name.folder();
  if (!run_localedef(
          {"localedef", "--no-archive", "--quiet", "-i", *source, "-f", name.charset, made},
          *sysroot.host_path(kSources)) ||
      !fs::exists(made + "/LC_CTYPE")) {
    fail(asked,
         "localedef cannot make it (install the packages libc-bin and locales; does the "
         "locale go with the character set?)");
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(made)) {
    if (!entry.is_regular_file()) continue;
    Bytes bytes = read_file(entry.path().string());
    plan.wants.push_back({.path = kLocales + fs::relative(entry.path(), folder.path()).string(),
                          .reason = reason,
                          .content = std::string(bytes.begin(), bytes.end())});
  }
}

/// The ELF files of the plan that look messages up.
std::vector<MappedFile> translated_files(const Plan& plan, const Sysroot& sysroot) {
  std::vector<MappedFile> files;
  for (const Want& want : plan.wants) {
    std::string host =
        want.source.empty() ? sysroot.host_path(want.path).value_or("") : want.source;
    if (want.content || host.empty() || !begins_as_elf(host)) continue;
    MappedFile file(host);
    std::vector<std::string_view> symbols = imported_symbols(file.bytes());
    for (const char* call : {"bindtextdomain", "textdomain", "dgettext", "dcgettext"}) {
      if (!std::binary_search(symbols.begin(), symbols.end(), std::string_view(call))) continue;
      files.push_back(std::move(file));
      break;
    }
  }
  return files;
}

/// Whether one of the files has the catalogue's name as a string; libc's own always counts.
bool is_used(const std::string& domain, const std::vector<MappedFile>& files) {
  if (domain == "libc") return true;
  std::string text = std::string(1, '\0') + domain + std::string(1, '\0');
  return std::any_of(files.begin(), files.end(), [&](const MappedFile& file) {
    return find_text(file.bytes(), text) != file.bytes().size();
  });
}

void add_messages(Plan& plan, const Sysroot& sysroot, const LocaleName& name,
                  const std::vector<MappedFile>& files, const std::string& reason) {
  for (const std::string& language : {name.language + "_" + name.territory, name.language}) {
    const std::string folder = kMessages + language + "/LC_MESSAGES/";
    for (const std::string& catalogue : sysroot.list(folder)) {
      if (!catalogue.ends_with(".mo")) continue;
      if (!is_used(catalogue.substr(0, catalogue.size() - 3), files)) continue;
      if (sysroot.stat(folder + catalogue)) {
        plan.wants.push_back({.path = folder + catalogue, .reason = reason});
      }
    }
  }
}

}  // namespace

std::string LocaleName::source() const {
  std::string text = territory.empty() ? language : language + "_" + territory;
  return modifier.empty() ? text : text + "@" + modifier;
}

std::string LocaleName::folder() const {
  std::string text = territory.empty() ? language + "." : language + "_" + territory + ".";
  for (unsigned char character : charset) {
    if (std::isalnum(character)) text += static_cast<char>(std::tolower(character));
  }
  return modifier.empty() ? text : text + "@" + modifier;
}

LocaleName parse_locale(const std::string& name) {
  LocaleName parsed;
  std::string rest = name;
  auto cut = [&rest](char separator) {
    std::size_t at = rest.find(separator);
    std::string tail = at == std::string::npos ? "" : rest.substr(at + 1);
    rest.resize(std::min(at, rest.size()));
    return tail;
  };
  parsed.modifier = cut('@');
  parsed.charset = cut('.');
  parsed.territory = cut('_');
  parsed.language = rest;
  if (parsed.charset.empty() || parsed.charset == "utf8") parsed.charset = "UTF-8";
  if (rest.empty() || !is_word(rest) || !is_word(parsed.territory) || !is_word(parsed.charset) ||
      !is_word(parsed.modifier)) {
    throw UsageError(fmt::format("--locale {}: not a locale's name (such as ko_KR.UTF-8)", name));
  }
  return parsed;
}

void plan_locales(Plan& plan, const Sysroot& sysroot, const std::vector<std::string>& names) {
  if (names.empty()) return;
  if (is_musl_linker(plan.interpreter)) {
    plan.warnings.emplace_back("--locale: musl has no locale but C.UTF-8; none is added");
    return;
  }
  const std::vector<MappedFile> files = translated_files(plan, sysroot);
  for (const std::string& asked : names) {
    const LocaleName name = parse_locale(asked);
    const std::string reason = "--locale " + asked;
    const std::string folder = kLocales + name.folder();
    std::optional<FileStatus> status = sysroot.stat(folder);
    if (status && status->kind == FileKind::directory) {
      plan.wants.push_back({.path = folder, .reason = reason});
    } else {
      compile(plan, sysroot, asked, name, reason);
    }
    add_messages(plan, sysroot, name, files, reason);
  }
}

}  // namespace scratchpack
