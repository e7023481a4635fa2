#include "bundler/python/interpreter.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "bundler/base/error.h"
#include "bundler/base/values.h"

namespace scratchpack {
namespace {

constexpr int kAnswer = 3;  ///< the descriptor that the program writes to

/// A file in memory, which unlike a pipe needs nobody at its other end.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content = "")
      : descriptor_(::memfd_create("scratchpack", MFD_CLOEXEC)) {
    for (std::string_view left = content; !left.empty();) {
      ssize_t written = ::write(descriptor_.get(), left.data(), left.size());
      if (written <= 0) throw Error(fmt::format("write in memory: {}", errno_text(errno)));
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    ::lseek(descriptor_.get(), 0, SEEK_SET);
  }
  int get() const { return descriptor_.get(); }
  Bytes bytes() const {
    struct stat status = {};
    if (::fstat(get(), &status) != 0) return {};
    Bytes bytes(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
      ssize_t count =
          ::pread(get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
      if (count <= 0) throw Error(fmt::format("read from memory: {}", errno_text(errno)));
      done += static_cast<std::size_t>(count);
    }
    return bytes;
  }

 private:
  Descriptor descriptor_;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment() {
  std::vector<std::string> words = {"PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1"};
  for (char** word = environ; *word != nullptr; ++word) {
    std::string_view text = *word;
    if (text.starts_with("PYTHONHASHSEED=") || text.starts_with("PYTHONDONTWRITEBYTECODE=")) {
      continue;
    }
    words.emplace_back(text);
  }
  return words;
}

/// Its wait status; 127 as a shell's where it was not executed.
int run(std::vector<std::string> words, const MemoryFile& input, const MemoryFile& answer,
        const MemoryFile& complaints) {
  std::vector<std::string> variables = environment();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, complaints.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, complaints.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, answer.get(), kAnswer);
  pid_t child = 0;
  int error = ::posix_spawn(&child, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                            pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw Error(fmt::format("run {}: {}", words[0], errno_text(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error(fmt::format("run {}: {}", words[0], errno_text(errno)));
  }
  return status;
}

std::string last_line(const Bytes& bytes) {
  std::string last = "it said nothing";
  for (const std::string& line : split(std::string(bytes.begin(), bytes.end()), '\n')) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

Bytes ask_interpreter(const std::string& path, std::string_view program, std::string_view input) {
  const MemoryFile words(input);
  const MemoryFile answer;
  const MemoryFile complaints;
  const int status = run({path, "-c", std::string(program)}, words, answer, complaints);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw Error(fmt::format("run {}: {} (it must be Python 3.8 or later with its standard library)",
                            path, last_line(complaints.bytes())));
  }
  Bytes bytes = answer.bytes();
  if (bytes.empty()) {
    throw Error(fmt::format("run {}: it gives no answer (is it an interpreter of Python?)", path));
  }
  return bytes;
}

}  // namespace scratchpack
