#include "bundler/trace/recorder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/left_out.h"
#include "bundler/find/script.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {
namespace {

constexpr int kMostInterpreters = 5;  // the kernel's, of a script whose interpreter is a script

/// The path with the links of its parents followed: what names the file itself.
std::string real_name(const std::string& path) {
  std::string parent = real_path(directory_of(path));
  if (parent.empty()) return path;
  return (parent == "/" ? "" : parent) + path.substr(path.rfind('/'));
}

/// The first bytes of a file, enough for a `#!` line.
std::string head_of(const std::string& path) {
  std::string head(256, '\0');
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  ssize_t count = file.valid() ? ::pread(file.get(), head.data(), head.size(), 0) : 0;
  head.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return head;
}

/// Who runs the program at `path`: its `#!` or PT_INTERP. Empty when nobody has to.
std::string interpreter_of(const std::string& path) {
  if (auto line = read_script_line(head_of(path))) return line->interpreter;
  try {
    std::optional<ElfFile> elf = read_elf_file(path, path);
    return elf && elf->interpreter ? *elf->interpreter : "";
  } catch (const Error&) {
    return "";  // may be executed but not read, or is none of ours
  }
}

}  // namespace

bool Recorder::knows(const std::string& path, Use use) const {
  if (ignored_.contains(path) || profile_.private_files.contains(path)) return true;
  auto known = profile_.files.find(path);
  return known != profile_.files.end() && known->second >= use;
}

bool Recorder::use(const std::string& path, Use use) {
  return knows(path, use) || take(path, real_path(path), use);
}

void Recorder::use_real(const std::string& real, Use use) {
  auto names = names_of_.find(real);
  if (names == names_of_.end()) {
    if (!knows(real, use)) take(real, real, use);
    return;
  }
  for (const std::string& name : names->second) profile_.add(name, use);
}

/// As `use`, of what is not known. `real` is where the path leads, if it does.
bool Recorder::take(const std::string& path, const std::string& real, Use use) {
  // A link that leads nowhere is looked at all the same.
  const std::string end = real.empty() ? real_name(path) : real;
  struct stat status {};
  if (::lstat(end.c_str(), &status) != 0) return false;
  if (!belongs(path, end, status.st_mode, use)) return true;
  profile_.add(path, use);
  if (!real.empty()) names_of_[real].insert(path);
  return true;
}

void Recorder::execute(const std::string& path, const std::string& root) {
  use(path, Use::executed);
  std::string current = path;
  for (int level = 0; level < kMostInterpreters; ++level) {
    std::string interpreter = interpreter_of(current);
    if (!interpreter.starts_with('/')) return;
    current = normal_path(interpreter);
    if (!root.empty()) current = root + Sysroot(root).resolve(current).value_or(current);
    use(current, Use::interpreter);
  }
}

void Recorder::miss(const std::string& path) {
  if (profile_.missing.contains(path)) return;
  if (profile_.files.contains(path) || ignored_.contains(path)) return;
  if (is_machines_own(path) || is_made(real_name(path))) return;
  profile_.missing.insert(path);
}

void Recorder::made(const std::string& path) {
  profile_.missing.erase(path);
  auto known = profile_.files.find(path);
  if (known != profile_.files.end() && known->second == Use::looked_at) profile_.files.erase(known);
  wrote(path);
  made_.insert(real_name(path));
}

void Recorder::wrote(const std::string& path) {
  const std::string folder = directory_of(real_name(path));
  const std::vector<std::string>& here = options_.whereabouts;
  if (is_made(folder) || belongs_to_kernel(folder)) return;
  if (std::find(here.begin(), here.end(), folder) == here.end()) profile_.written.insert(folder);
}

/// What was made, or lies below a directory that was.
bool Recorder::is_made(const std::string& real) const {
  if (made_.empty()) return false;
  for (std::string at = real; at != "/"; at = directory_of(at)) {
    if (made_.contains(at)) return true;
  }
  return false;
}

bool Recorder::belongs(const std::string& path, const std::string& real, mode_t mode, Use use) {
  if (is_made(real) || is_made(real_name(path))) return false;
  bool ours = S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
  if (!ours || is_machines_own(path) || is_machines_own(real)) {
    ignored_.insert(path);
    return false;
  }
  if (S_ISDIR(mode) && use == Use::looked_at && is_whereabouts(path)) return false;
  if (options_.allow_private) return true;
  const bool directory = S_ISDIR(mode);
  bool key = looks_private(path, directory) || looks_private(real, directory) ||
             (S_ISREG(mode) && !is_distributions(real) && holds_private_key(real));
  if (!key) return true;
  profile_.private_files.insert(path);
  profile_.missing.erase(path);
  return false;
}

bool Recorder::is_whereabouts(const std::string& path) const {
  if (path == "/") return true;
  return std::any_of(
      options_.whereabouts.begin(), options_.whereabouts.end(),
      [&](const std::string& place) { return place == path || place.starts_with(path + "/"); });
}

}  // namespace scratchpack
