// glibc's linker, as its elf/dl-load.c does it.
//
// The default directories differ from distribution to distribution and are written nowhere but in
// the linker itself: `system_dirs`, a row of strings in its read-only data that each end in a slash
// ("/lib/x86_64-linux-gnu/", "/usr/lib/x86_64-linux-gnu/", "/lib/", "/usr/lib/" on Debian;
// "/lib64/",
// "/usr/lib64/" on Fedora). They are read from there; `ld.so --help` would print them, but nothing
// of the target is ever run. $LIB is built in too; it is the first of them without its slashes and
// /usr, on every distribution known.
//
// A root file system without /etc/ld.so.cache (a fresh image, a build's output folder) is searched
// through its /etc/ld.so.conf, as if ldconfig had been run: its own linker would not look there,
// but the bundle gets a cache of its own, so what is found there is also found at run time.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/ld_cache.h"
#include "bundler/find/ld_so_conf.h"
#include "bundler/find/search_path.h"

namespace scratchpack {
namespace {

constexpr const char* kCache = "/etc/ld.so.cache";
constexpr std::size_t kMostLinkerBytes = 16u << 20;
// AT_PLATFORM of every x86-64 kernel. Some glibc versions say "haswell" on some processors; a
// bundle must not depend on the one it was built on.
constexpr std::string_view kPlatform = "x86_64";

bool is_path_character(std::uint8_t byte) { return byte > ' ' && byte < 0x7f; }

/// The directory string that ends with the zero at `end`; empty when there is none.
std::string directory_ending_at(std::span<const std::uint8_t> bytes, std::size_t end) {
  if (end < 2 || bytes[end - 1] != '/') return "";
  std::size_t begin = end;
  while (begin > 0 && is_path_character(bytes[begin - 1]) && end - begin < 4096) --begin;
  while (bytes[begin] != '/') ++begin;
  std::string text(reinterpret_cast<const char*>(bytes.data()) + begin, end - begin);
  return text.find("/lib") == std::string::npos ? "" : text;
}

/// The longest row of directory strings in the linker, without their trailing slashes.
std::vector<std::string> built_in_directories(std::span<const std::uint8_t> bytes) {
  std::vector<std::string> best, row;
  std::size_t row_end = 0;  // where the next string of the row would begin
  bytes = bytes.first(std::min(bytes.size(), kMostLinkerBytes));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const void* end = ::memmem(bytes.data() + at, bytes.size() - at, "/", 2);  // with its zero
    if (end == nullptr) break;
    at = static_cast<const std::uint8_t*>(end) - bytes.data() + 1;
    std::string directory = directory_ending_at(bytes, at);
    if (directory.empty()) continue;
    if (row_end + directory.size() != at) row.clear();
    row_end = at + 1;
    directory.pop_back();
    row.push_back(directory);
    if (row.size() > best.size()) best = row;
  }
  return best;
}

std::vector<std::string> default_directories(const Sysroot& sysroot, const std::string& linker) {
  std::vector<std::string> directories;
  std::optional<FileStatus> status = sysroot.stat(linker);
  if (status && status->kind == FileKind::file) {
    directories = built_in_directories(MappedFile(*sysroot.host_path(linker)).bytes());
  }
  if (directories.empty()) {
    directories = {"/lib/x86_64-linux-gnu",
                   "/usr/lib/x86_64-linux-gnu",
                   "/lib64",
                   "/usr/lib64",
                   "/lib",
                   "/usr/lib"};
  }
  return directories;
}

/// "/usr/lib64" -> "lib64", "/lib/x86_64-linux-gnu" -> "lib/x86_64-linux-gnu".
std::string lib_token(const std::string& first_directory) {
  return first_directory.substr(first_directory.rfind("/lib") + 1);
}

/// The levels that a processor of `level` searches, best first, "" (the baseline) last.
std::vector<std::string> levels_up_to(const std::string& level) {
  std::vector<std::string> levels = {"x86-64-v4", "x86-64-v3", "x86-64-v2", ""};
  if (level == "baseline") return {""};
  auto found = std::find(levels.begin(), levels.end(), level);
  if (level.empty() || found == levels.end()) {
    throw UsageError(fmt::format(
        "choose --hwcaps {}: no such level (baseline, x86-64-v2, x86-64-v3 or x86-64-v4)", level));
  }
  levels.erase(levels.begin(), found);
  return levels;
}

std::optional<LdCache> read_cache(const Sysroot& sysroot) {
  std::optional<std::string> text = sysroot.read_text(kCache);
  if (!text) return std::nullopt;
  return LdCache::read(Bytes(text->begin(), text->end()));
}

class GlibcLinker : public Linker {
 public:
  GlibcLinker(const Sysroot& sysroot, const std::string& path, const ResolveOptions& options)
      : Linker(sysroot, path, options),
        defaults_(default_directories(sysroot, path)),
        lib_(lib_token(defaults_.front())),
        levels_(levels_up_to(options.hwcaps)),
        cache_(read_cache(sysroot)) {
    if (!cache_) configured_ = ld_so_conf_directories(sysroot);
  }

  std::string asked_name(const std::string& name, const Object& object) const override {
    return expand(name, object.origin);
  }

  bool is_itself(const std::string& /*name*/) const override { return false; }

  bool answers_to(Object& object, const std::string& name) const override {
    if (std::find(object.names.begin(), object.names.end(), name) != object.names.end()) {
      return true;
    }
    return object.elf.soname == name;
  }

  void found_as(Object& object, const std::string& name) const override {
    object.names.push_back(name);
  }

  bool skips_foreign() const override { return true; }

  std::vector<Candidate> candidates(const std::string& name, const Object& object,
                                    const Object& program) const override {
    if (name.find('/') != std::string::npos) return named_file(name, object);
    std::vector<Candidate> candidates;
    if (!object.elf.runpath) add_rpaths(candidates, name, object, program);
    add_directories(candidates, options_.library_path, name, object, "library path");
    if (object.elf.runpath) {
      add_directories(candidates, split_list(*object.elf.runpath, ":"), name, object,
                      "DT_RUNPATH of " + object.path);
    }
    add_cached(candidates, name, object);
    add_defaults(candidates, name, object);
    return candidates;
  }

 protected:
  std::string expand(const std::string& text, const std::string& origin) const override {
    const std::pair<std::string_view, std::string_view> tokens[] = {
        {"ORIGIN", origin}, {"LIB", lib_}, {"PLATFORM", kPlatform}};
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
      std::size_t length = 0;
      for (const auto& [token, value] : tokens) {
        length = token_length(text, i, token);
        if (length == 0) continue;
        result += value;
        break;
      }
      if (length == 0) result += text[i++];
      i += length;
    }
    return result;
  }

  std::vector<std::string> subdirectories() const override {
    std::vector<std::string> below;
    for (const std::string& level : levels_) {
      below.push_back(level.empty() ? "" : "glibc-hwcaps/" + level + "/");
    }
    return below;
  }

 private:
  /// Length of `$NAME` or `${NAME}` at a place of the text; 0 when it is not there.
  static std::size_t token_length(const std::string& text, std::size_t at, std::string_view name) {
    if (text[at] != '$') return 0;
    bool curly = at + 1 < text.size() && text[at + 1] == '{';
    std::size_t begin = at + (curly ? 2 : 1);
    if (text.compare(begin, name.size(), name) != 0) return 0;
    std::size_t end = begin + name.size();
    if (!curly) return end - at;
    return end < text.size() && text[end] == '}' ? end + 1 - at : 0;
  }

  std::vector<Candidate> named_file(const std::string& name, const Object& object) const {
    std::string path = expand(name, object.origin);
    std::string why = path.starts_with('/') ? "" : "depends on the working directory";
    return {{path, expand(name, object.placed_origin), "named in " + object.path, why}};
  }

  /// DT_RPATH of the object, of who loaded it, and so on; the program's in any case.
  void add_rpaths(std::vector<Candidate>& candidates, const std::string& name, const Object& object,
                  const Object& program) const {
    bool with_program = false;
    for (const Object* from = &object; from != nullptr; from = from->loader) {
      add_rpath(candidates, name, *from);
      with_program = with_program || from == &program;
    }
    if (!with_program) add_rpath(candidates, name, program);
  }

  void add_rpath(std::vector<Candidate>& candidates, const std::string& name,
                 const Object& from) const {
    if (!from.elf.rpath) return;
    add_directories(candidates, split_list(*from.elf.rpath, ":"), name, from,
                    "DT_RPATH of " + from.path);
  }

  void add_cached(std::vector<Candidate>& candidates, const std::string& name,
                  const Object& object) const {
    if (!cache_) {
      std::vector<std::string> allowed;
      for (const std::string& directory : configured_) {
        if (!object.elf.no_default || !is_default(directory + "/")) allowed.push_back(directory);
      }
      add_directories(candidates, allowed, name, object, "/etc/ld.so.conf");
      return;
    }
    std::optional<std::string> path = cache_->find(name, levels_);
    if (!path) {
      candidates.push_back({kCache, "", "", "does not list " + name});
    } else if (object.elf.no_default && is_default(*path)) {
      candidates.push_back({*path, "", kCache, no_default_note(object)});
    } else {
      candidates.push_back({*path, *path, kCache});
    }
  }

  void add_defaults(std::vector<Candidate>& candidates, const std::string& name,
                    const Object& object) const {
    std::size_t first = candidates.size();
    add_directories(candidates, defaults_, name, object, "default directory");
    if (!object.elf.no_default) return;
    for (std::size_t i = first; i < candidates.size(); ++i) {
      candidates[i].passed_over = no_default_note(object);
    }
  }

  static std::string no_default_note(const Object& object) {
    return object.path + " forbids default directories (DF_1_NODEFLIB)";
  }

  bool is_default(const std::string& path) const {
    return std::any_of(defaults_.begin(), defaults_.end(), [&](const std::string& directory) {
      return path.starts_with(directory + "/");
    });
  }

  std::vector<std::string> defaults_;
  std::string lib_;
  std::vector<std::string> levels_;
  std::optional<LdCache> cache_;
  std::vector<std::string> configured_;  ///< of ld.so.conf, where there is no cache
};

}  // namespace

std::unique_ptr<Linker> make_glibc_linker(const Sysroot& sysroot, const std::string& interpreter,
                                          const ResolveOptions& options) {
  return std::make_unique<GlibcLinker>(sysroot, interpreter, options);
}

}  // namespace scratchpack
