// The oracle of the walk: for every dynamic program and shared library of the machine, the linker
// itself is asked what it would load (`--list`: it maps the libraries and runs nothing of them).
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "bundler/base/error.h"
#include "bundler/base/file.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/resolve.h"
#include "bundler/find/search_path.h"
#include "tests/cases/scratch_folder.h"

namespace fs = std::filesystem;
using namespace scratchpack;

namespace {

constexpr std::size_t kAtLeast = 800;

struct Subject {
  std::string path;
  std::string linker;
  std::string listed = {};
};

/// What is loaded, as "name => real path" in the order of loading; what is not found, as
/// "name => not found", each once.
struct Answer {
  std::vector<std::string> loaded;
  std::set<std::string> missing;
  bool operator==(const Answer&) const = default;
};

/// Output and errors of the linker's list, run in a directory where nothing lies. `trace` is the
/// mode that ldd uses, which goes on behind what is not found.
std::string list(const Subject& subject, const std::string& empty_directory, bool trace) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  Descriptor read_end(ends[0]), write_end(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addchdir_np(&actions, empty_directory.c_str());
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  std::vector<const char*> words = {subject.linker.c_str(), "--list", subject.path.c_str(),
                                    nullptr};
  if (trace) words.erase(words.begin() + 1);
  if (!is_musl_linker(subject.linker)) {
    words.insert(words.begin() + 1, {"--glibc-hwcaps-mask", "none"});
  }
  const char* environment[] = {"LC_ALL=C", trace ? "LD_TRACE_LOADED_OBJECTS=1" : nullptr, nullptr};
  pid_t child = -1;
  int failed = ::posix_spawn(&child, words[0], &actions, nullptr, const_cast<char**>(words.data()),
                             const_cast<char**>(environment));
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + subject.linker);
  ::close(write_end.release());
  std::string output;
  char buffer[4096];
  for (ssize_t count; (count = ::read(read_end.get(), buffer, sizeof buffer)) > 0;) {
    output.append(buffer, count);
  }
  ::waitpid(child, nullptr, 0);
  return output;
}

std::string real(const std::string& path) {
  std::error_code error;
  return fs::canonical(path, error).string();
}

/// Lines of glibc: "\tname => path (0x…)", "\tname => not found", "\tpath (0x…)". Of musl the same,
/// and "Error loading shared library name: reason (needed by …)".
Answer answer_of_linker(const Subject& subject) {
  Answer answer;
  std::istringstream lines(subject.listed);
  const std::string linker = real(subject.linker);
  const std::string error = "Error loading shared library ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(error)) {
      std::string name = line.substr(error.size());
      answer.missing.insert(name.substr(0, name.find(": ")) + " => not found");
      continue;
    }
    if (!line.starts_with('\t') || line.find("linux-vdso.so.1") != std::string::npos) continue;
    line = line.substr(1);
    std::size_t arrow = line.find(" => ");
    std::string name = line.substr(0, arrow == std::string::npos ? line.find(" (0x") : arrow);
    std::string path = arrow == std::string::npos ? name : line.substr(arrow + 4);
    if (path == "not found") {
      answer.missing.insert(name + " => not found");
      continue;
    }
    path = real(path.substr(0, path.find(" (0x")));
    if (path != linker && name != "statically linked")
      answer.loaded.push_back(name + " => " + path);
  }
  return answer;
}

Answer answer_of_walk(const Sysroot& machine, const Subject& subject) {
  ResolveOptions options;
  options.interpreter = subject.linker;
  Closure closure = resolve(machine, subject.path, options);
  Answer answer;
  const std::string linker = real(subject.linker);
  for (const Library& library : closure.libraries) {
    std::string path = real(library.path);
    if (path != linker) answer.loaded.push_back(library.name + " => " + path);
  }
  for (const Missing& missing : closure.missing)
    answer.missing.insert(missing.name + " => not found");
  return answer;
}

void add_subjects(const Sysroot& machine, const std::string& folder,
                  std::vector<Subject>& subjects) {
  std::set<std::string> linkers = {real("/lib64/ld-linux-x86-64.so.2"),
                                   real("/lib/ld-musl-x86_64.so.1")};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::string path = entry.path().string();
    if (entry.is_symlink() || !entry.is_regular_file() || linkers.contains(path)) continue;
    std::optional<ElfFile> elf = read_elf_file(path, path);
    if (!elf || !elf->is_native() || !elf->has_dynamic) continue;
    if (elf->kind == ElfKind::dynamic_program) subjects.push_back({path, *elf->interpreter});
    if (elf->kind != ElfKind::shared_library) continue;
    bool is_musl = path.find("-musl/") != std::string::npos;
    subjects.push_back(
        {path, is_musl ? "/lib/ld-musl-x86_64.so.1" : linker_for_library(machine, *elf, "")});
  }
}

void ask_linkers(std::vector<Subject>& subjects) {
  ScratchFolder empty;
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (std::size_t i; (i = next++) < subjects.size();) {
      std::string& listed = subjects[i].listed;
      listed = list(subjects[i], empty.path(), false);
      bool lacks = listed.find("cannot open shared object file") != std::string::npos;
      if (lacks) listed = list(subjects[i], empty.path(), true);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

std::string only_in(const Answer& one, const Answer& other) {
  std::string text;
  for (const std::string& line : one.loaded) {
    if (std::count(other.loaded.begin(), other.loaded.end(), line) == 0) text += "\n    " + line;
  }
  for (const std::string& line : one.missing) {
    if (!other.missing.contains(line)) text += "\n    " + line;
  }
  return text.empty() ? "\n    nothing, or the order" : text;
}

}  // namespace

TEST_CASE("the walk of everything installed is what the linker itself lists") {
  Sysroot machine;
  std::vector<Subject> subjects;
  for (const char* folder : {"/usr/bin", "/usr/sbin", "/usr/lib"}) {
    add_subjects(machine, folder, subjects);
  }
  ask_linkers(subjects);
  std::size_t same = 0;
  for (const Subject& subject : subjects) {
    Answer linker = answer_of_linker(subject);
    Answer walk = answer_of_walk(machine, subject);
    same += linker == walk;
    CHECK_MESSAGE(linker == walk, subject.path, "\n  only the linker:", only_in(linker, walk),
                  "\n  only the walk:", only_in(walk, linker), "\n", subject.listed);
  }
  fmt::print("walk oracle: {} of {}\n", same, subjects.size());
  CHECK(subjects.size() >= kAtLeast);
}
