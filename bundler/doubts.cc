#include "bundler/doubts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/content/raw_calls.h"
#include "bundler/find/dlopen_names.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"
#include "bundler/report_reasons.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestPath = 200;  // bytes; longer is no compiled-in path

bool is_c_library(const std::string& path) {
  std::string name = last_name(path);
  return name.starts_with("libc.so") || name.starts_with("ld-") || name.starts_with("libc-") ||
         name.starts_with("libc.musl");
}

/// Whole C strings that are absolute paths, without those with a space or a `%`.
std::set<std::string> compiled_in_paths(std::span<const std::uint8_t> bytes) {
  std::set<std::string> paths;
  const std::string begin("\0/", 2);
  for (std::size_t at = find_text(bytes, begin); at < bytes.size();
       at = find_text(bytes, begin, at + 1)) {
    std::size_t end = at + 1;
    while (end < bytes.size() && bytes[end] > ' ' && bytes[end] < 0x7f && bytes[end] != '%') ++end;
    if (end == bytes.size() || bytes[end] != 0 || end - at > kLongestPath) continue;
    paths.emplace(bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                  bytes.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return paths;
}

bool calls_any(const std::vector<std::string_view>& symbols,
               std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::binary_search(symbols.begin(), symbols.end(), name);
  });
}

class BundleDoubts {
 public:
  BundleDoubts(const Report& report, const Sysroot& machine)
      : report_(report), machine_(machine), files_(by_path(report)) {
    for (const ReportFile& file : report.files) names_.insert(last_name(file.path));
    for (const ReportRewrite& rewrite : report.rewrites) rewritten_.insert(rewrite.path);
  }

  void look_at(const ReportFile& file, std::span<const std::uint8_t> bytes) {
    std::optional<ElfFile> elf;
    try {
      elf = read_elf(bytes, file.path);
    } catch (const Error&) {
      return;  // damaged: `verify` tells
    }
    if (!elf || !elf->is_native()) return;
    // What somebody loads by itself is a plugin, and speaks for the libraries it is linked with.
    bool loaded = !file.reason.starts_with("needed by ") &&
                  !file.reason.starts_with("dynamic linker of ") &&
                  elf->kind == ElfKind::shared_library;
    if (loaded) served_.insert(elf->needed.begin(), elf->needed.end());
    if (rewritten_.contains(file.path)) return;
    add_system_calls(file, bytes);
    if (is_c_library(file.path)) return;
    add_libraries(file, *elf, bytes);
    std::set<std::string> paths = compiled_in_paths(bytes);
    add_programs(file, paths, imported_symbols(bytes));
    if (is_application(file)) add_data(file, paths);
  }

  std::vector<Doubt> finish() {
    for (const auto& [file, soname] : silent_) {
      if (served_.contains(soname) || (soname.empty() && !served_.empty())) continue;
      add("dlopen", fmt::format("dlopen of a name built at run time in {}", file),
          "trace it (scratchpack trace -o PROFILE -- CMD) and build with --profile PROFILE, or "
          "name "
          "what it loads with --add-binary");
    }
    return std::move(doubts_);
  }

 private:
  void add(const std::string& kind, const std::string& text, const std::string& settle) {
    doubts_.push_back({kind, text, settle});
  }

  bool has(const std::string& path) const { return follow(files_, path) != nullptr; }

  bool is_application(const ReportFile& file) const {
    return follow(files_, report_.launch.program) == &file;
  }

  void add_system_calls(const ReportFile& file, std::span<const std::uint8_t> bytes) {
    RawCalls calls = find_raw_calls(bytes);
    const char* settle = "--format tar or dir, if it opens files of the bundle that way";
    if (!calls.path_calls.empty() || calls.any) {
      add("system-call", fmt::format("system calls past the C library in {}", file.path), settle);
    }
    if (calls.io_uring) add("system-call", fmt::format("io_uring in {}", file.path), settle);
  }

  /// Whether a library lies beside one of the bundle on this machine.
  bool is_installed(const std::string& soname) {
    if (folders_.empty()) {
      for (const ReportFile& file : report_.files) {
        if (file.path.find(".so") == file.path.npos) continue;
        folders_.insert(file.path.substr(0, file.path.rfind('/')));
      }
    }
    return std::any_of(folders_.begin(), folders_.end(), [&](const std::string& folder) {
      return machine_.stat(folder + "/" + soname).has_value();
    });
  }

  void add_library(const std::string& soname, const std::string& text, const std::string& settle) {
    if (names_.contains(soname) || !is_installed(soname) || !told_.insert(soname).second) return;
    add("dlopen", text, settle);
  }

  void add_libraries(const ReportFile& file, const ElfFile& elf,
                     std::span<const std::uint8_t> bytes) {
    std::vector<std::string> faults;
    std::vector<DlopenNote> notes = dlopen_notes(bytes, faults);
    for (const DlopenNote& note : notes) {
      bool here = std::any_of(note.sonames.begin(), note.sonames.end(),
                              [&](const std::string& name) { return names_.contains(name); });
      if (here) continue;
      add_library(note.sonames.front(),
                  fmt::format("{} is what {} loads{}, as its note tells", note.sonames.front(),
                              file.path, note.feature.empty() ? "" : " for " + note.feature),
                  "--dlopen auto");
    }
    if (!calls_dlopen(bytes)) return;
    bool names_one = !notes.empty();
    for (const std::string& name : library_names(bytes)) {
      bool linked = std::count(elf.needed.begin(), elf.needed.end(), name) != 0;
      if (linked || elf.soname == name) continue;
      names_one = true;
      add_library(name, fmt::format("{} is named in {}, which calls dlopen", name, file.path),
                  "--dlopen auto");
    }
    if (!names_one) silent_.emplace_back(file.path, elf.soname.value_or(""));
  }

  void add_programs(const ReportFile& file, const std::set<std::string>& paths,
                    const std::vector<std::string_view>& symbols) {
    bool shell = calls_any(symbols, {"system", "popen"});
    bool executes =
        calls_any(symbols, {"execv", "execve", "execvp", "execvpe", "execl", "execlp", "execle",
                            "posix_spawn", "posix_spawnp", "g_spawn_async", "g_spawn_sync"});
    if (!shell && !executes) return;
    if (shell)
      add_program("/bin/sh", fmt::format("/bin/sh is run by {} (system, popen)", file.path));
    for (const std::string& path : paths) {
      if (path.find("/bin/") == path.npos && path.find("/sbin/") == path.npos) continue;
      add_program(path, fmt::format("{} is named in {}, which executes programs", path, file.path));
    }
  }

  void add_program(const std::string& path, const std::string& text) {
    std::optional<FileStatus> status = machine_.stat(path);
    bool program = status && status->kind == FileKind::file && (status->mode & 0111) != 0;
    if (!program || has(path) || !told_.insert(path).second) return;
    add("program", text, "--add-binary " + path);
  }

  void add_data(const ReportFile& file, const std::set<std::string>& paths) {
    static const std::set<std::string> kContainers = {"/etc/hosts", "/etc/resolv.conf",
                                                      "/etc/hostname", "/etc/mtab"};
    for (const std::string& path : paths) {
      bool data = path.starts_with("/usr/share/") || path.starts_with("/etc/");
      if (!data || kContainers.contains(path) || has(path) || !machine_.stat(path)) continue;
      if (path == "/usr/share/locale") {
        add("data", fmt::format("messages in other languages are looked up by {}", file.path),
            "--locale NAME");
        continue;
      }
      bool folder = machine_.stat(path)->kind == FileKind::directory;
      std::string place = folder ? path : path.substr(0, path.rfind('/'));
      add("data", fmt::format("{} is named in {}, and is on this machine", path, file.path),
          fmt::format("--add-data {}:{}", path, place));
    }
  }

  const Report& report_;
  const Sysroot& machine_;
  const FilesByPath files_;
  std::set<std::string> names_;      // last names of the bundle's paths
  std::set<std::string> rewritten_;  // paths
  std::set<std::string> folders_;    // of libraries
  std::set<std::string> told_;
  std::set<std::string> served_;                             // sonames whose plugins are there
  std::vector<std::pair<std::string, std::string>> silent_;  // file and soname
  std::vector<Doubt> doubts_;
};

}  // namespace

std::vector<Doubt> doubts_of(const Report& report,
                             const std::function<Bytes(const ReportFile&)>& content_of,
                             const Sysroot& machine) {
  BundleDoubts doubts(report, machine);
  for (const ReportFile& file : report.files) {
    if (file.kind == "file") doubts.look_at(file, content_of(file));
  }
  return doubts.finish();
}

std::vector<Doubt> doubts_of(const Profile& profile) {
  std::vector<Doubt> doubts;
  std::set<std::string> found;  // last names: what was found elsewhere was only searched for
  for (const auto& [path, use] : profile.files) found.insert(last_name(path));
  for (const std::string& path : profile.missing) {
    if (found.contains(last_name(path))) continue;
    doubts.push_back({"missing", "looked for and not found: " + path,
                      fmt::format("install it and trace again, or --add-data FILE:{}",
                                  fs::path(path).parent_path().string())});
  }
  for (const std::string& path : profile.private_files) {
    doubts.push_back({"private", "left out, as it looks private: " + path,
                      "scratchpack trace --allow-private, or mount it into the container"});
  }
  return doubts;
}

}  // namespace scratchpack
