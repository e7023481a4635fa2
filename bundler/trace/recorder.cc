#include "bundler/trace/recorder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <memory>

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

/// Where a path leads; empty when it leads nowhere.
std::string real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : "";
}

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

void Recorder::use(const std::string& path, Use use, const std::string& real) {
  if (knows(path, use)) return;
  const std::string end = real.empty() ? real_path(path) : real;
  // A link that leads nowhere is looked at all the same.
  if (!belongs(path, end.empty() ? real_name(path) : end, use)) return;
  profile_.add(path, use);
  if (!end.empty()) names_of_[end].insert(path);
}

void Recorder::use_real(const std::string& real, Use use) {
  auto names = names_of_.find(real);
  if (names == names_of_.end()) return this->use(real, use, real);
  for (const std::string& name : names->second) profile_.add(name, use);
}

void Recorder::execute(const std::string& path) {
  use(path, Use::executed);
  std::string current = path;
  for (int level = 0; level < kMostInterpreters; ++level) {
    current = interpreter_of(current);
    if (!current.starts_with('/')) return;
    use(normal_path(current), Use::interpreter);
  }
}

void Recorder::miss(const std::string& path) {
  if (profile_.files.contains(path) || ignored_.contains(path)) return;
  if (is_machines_own(path) || is_made(real_name(path))) return;
  profile_.missing.insert(path);
}

void Recorder::made(const std::string& path) {
  profile_.missing.erase(path);
  auto known = profile_.files.find(path);
  if (known != profile_.files.end() && known->second == Use::looked_at) profile_.files.erase(known);
  made_.insert(real_name(path));
}

/// What was made, or lies below a directory that was.
bool Recorder::is_made(const std::string& real) const {
  if (made_.empty()) return false;
  for (std::string at = real; at != "/"; at = directory_of(at)) {
    if (made_.contains(at)) return true;
  }
  return false;
}

bool Recorder::belongs(const std::string& path, const std::string& real, Use use) {
  // Remembered only where it stays so: a path of no use now may be of use later.
  if (is_made(real) || is_made(real_name(path))) return false;
  struct stat status {};
  bool there = ::lstat(real.c_str(), &status) == 0;
  bool ours =
      there && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode));
  if (!ours || is_machines_own(path) || is_machines_own(real)) {
    if (there) ignored_.insert(path);
    return false;
  }
  if (S_ISDIR(status.st_mode) && use == Use::looked_at && is_whereabouts(path)) return false;
  if (options_.allow_private) return true;
  const bool directory = S_ISDIR(status.st_mode);
  bool key = looks_private(path, directory) || looks_private(real, directory) ||
             (S_ISREG(status.st_mode) && !is_distributions(real) && holds_private_key(real));
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
