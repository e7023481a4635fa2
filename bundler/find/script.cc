#include "bundler/find/script.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "bundler/base/values.h"

namespace scratchpack {
namespace {

constexpr std::size_t kKernelReads = 256;  // BINPRM_BUF_SIZE
constexpr std::string_view kBlank = " \t";

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
    if (text.empty()) return words;
    std::size_t end = std::min(text.find_first_of(" \t\n\v\f\r"), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// Takes `-S…`, `-vS…`, `--split-string=…` off the argument; false when it is none of them.
bool take_split_option(std::string_view& argument) {
  constexpr std::string_view kLong = "--split-string";
  if (argument.starts_with(kLong)) {
    argument.remove_prefix(kLong.size());
    if (!argument.empty()) argument.remove_prefix(1);
    return true;
  }
  if (!argument.starts_with('-')) return false;
  std::size_t letter = argument.find_first_not_of("iv0", 1);
  if (letter == std::string_view::npos || argument[letter] != 'S') return false;
  argument.remove_prefix(letter + 1);
  return true;
}

std::string unquoted(std::string word) {
  std::erase_if(word, [](char character) { return character == '\'' || character == '"'; });
  return word;
}

}  // namespace

std::optional<ScriptLine> read_script_line(std::string_view head) {
  if (!head.starts_with("#!")) return std::nullopt;
  head = head.substr(2, kKernelReads - 2);
  std::size_t end = head.find_first_of(std::string_view("\n\0", 2));
  bool whole = end != std::string_view::npos || head.size() < kKernelReads - 2;
  head = head.substr(0, end);
  head.remove_prefix(std::min(head.find_first_not_of(kBlank), head.size()));
  std::size_t name_end = head.find_first_of(kBlank);
  if (head.empty() || (name_end == std::string_view::npos && !whole)) return std::nullopt;
  ScriptLine line{std::string(head.substr(0, name_end)), std::nullopt};
  if (name_end == std::string_view::npos) return line;
  std::string_view rest = head.substr(name_end);
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  rest = rest.substr(0, rest.find_last_not_of(kBlank) + 1);
  if (!rest.empty()) line.argument = std::string(rest);
  return line;
}

std::optional<std::string> env_program(const std::string& argument) {
  std::string_view rest = argument;
  if (!take_split_option(rest)) {
    // One argument, however many words: a name, an assignment or an option.
    bool is_name = !argument.starts_with('-') && argument.find('=') == std::string::npos;
    return is_name ? std::optional(argument) : std::nullopt;
  }
  std::vector<std::string> words = words_of(rest);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string word = unquoted(words[i]);
    if (word == "-u" || word == "-C") {
      ++i;  // with its own argument
    } else if (!word.starts_with('-') && word.find('=') == std::string::npos) {
      return word;
    }
  }
  return std::nullopt;
}

const std::vector<std::string>& default_path() {
  static const std::vector<std::string> directories = {
      "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
  return directories;
}

std::string in_search_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    std::string candidate = folder + "/" + name;
    if (std::filesystem::is_regular_file(candidate) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return name;
}

}  // namespace scratchpack
