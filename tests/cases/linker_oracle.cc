#include "tests/cases/linker_oracle.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "bundler/base/file.h"

namespace scratchpack {
namespace {

/// Output and errors of a command run in a directory.
std::string output(const std::vector<std::string>& words, bool trace,
                   const std::string& directory) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  Descriptor read_end(ends[0]), write_end(ends[1]);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const char* environment[] = {"LC_ALL=C", trace ? "LD_TRACE_LOADED_OBJECTS=1" : nullptr, nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  pid_t child = -1;
  int failed = ::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(),
                             const_cast<char**>(environment));
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + words[0]);
  ::close(write_end.release());
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = ::read(read_end.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, count);
  }
  ::waitpid(child, nullptr, 0);
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ":") + word;
  return text;
}

/// `--list` stops at the first library that is not found; the mode that ldd uses goes on.
std::string list(const std::string& linker, const std::string& path, const std::string& directory,
                 const std::vector<std::string>& library_path, const std::string& hwcaps) {
  std::vector<std::string> words = {linker};
  if (!library_path.empty()) words.insert(words.end(), {"--library-path", joined(library_path)});
  if (!is_musl_linker(linker)) words.insert(words.end(), {"--glibc-hwcaps-mask", hwcaps});
  std::vector<std::string> with_list = words;
  with_list.insert(with_list.end(), {"--list", path});
  words.push_back(path);
  std::string text = output(with_list, false, directory);
  bool lacks = text.find("cannot open shared object file") != std::string::npos;
  return lacks && !is_musl_linker(linker) ? output(words, true, directory) : text;
}

std::string real(const std::string& path) {
  std::error_code error;
  return std::filesystem::canonical(path, error).string();
}

}  // namespace

// Lines of glibc: "\tname => path (0x…)", "\tname => not found", "\tpath (0x…)". Of musl the same,
// and "Error loading shared library name: reason (needed by …)".
Answer answer_of_linker(const std::string& linker, const std::string& path,
                        const std::string& directory, const std::vector<std::string>& library_path,
                        const std::string& hwcaps) {
  Answer answer;
  std::istringstream lines(list(linker, path, directory, library_path, hwcaps));
  const std::string itself = real(linker);
  const std::string error = "Error loading shared library ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(error)) {
      std::string name = line.substr(error.size());
      answer.missing.insert(name.substr(0, name.find(": ")) + " => not found");
    }
    if (!line.starts_with('\t') || line.find("linux-vdso.so.1") != std::string::npos) continue;
    line = line.substr(1);
    std::size_t arrow = line.find(" => ");
    std::string name = line.substr(0, arrow == std::string::npos ? line.find(" (0x") : arrow);
    std::string found = arrow == std::string::npos ? name : line.substr(arrow + 4);
    if (found == "not found") {
      answer.missing.insert(name + " => not found");
      continue;
    }
    found = real(found.substr(0, found.find(" (0x")));
    bool counts = found != itself && name != "statically linked";
    if (counts) answer.loaded.push_back(name + " => " + found);
  }
  return answer;
}

Answer answer_of_walk(const std::string& linker, const std::string& path,
                      const ResolveOptions& options) {
  ResolveOptions with_linker = options;
  with_linker.interpreter = linker;
  Closure closure = resolve(Sysroot(), path, with_linker);
  Answer answer;
  const std::string itself = real(linker);
  for (const Library& library : closure.libraries) {
    std::string found = real(library.path);
    if (found != itself) answer.loaded.push_back(library.name + " => " + found);
  }
  for (const Missing& missing : closure.missing) {
    answer.missing.insert(missing.name + " => not found");
  }
  return answer;
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

}  // namespace scratchpack
