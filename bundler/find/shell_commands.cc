#include "bundler/find/shell_commands.h"

#include <algorithm>
#include <set>

#include "bundler/base/error.h"
#include "bundler/base/values.h"

namespace scratchpack {
namespace {

/// Words behind which a command follows.
const std::set<std::string_view> kPrefixes = {"if",    "then",    "else",  "elif", "while",
                                              "until", "do",      "!",     "{",    "exec",
                                              "time",  "command", "nohup", "eval"};

bool is_separator(char c) { return std::string_view(";&|()\n").find(c) != std::string_view::npos; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool is_name(const std::string& word) {
  return !word.empty() && word.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_-+./@:") == std::string::npos;
}

/// NAME=VALUE in front of a command.
bool is_assignment(const std::string& word) {
  std::size_t equals = word.find('=');
  return equals != std::string::npos && equals > 0 && word.find_first_of("/\"'") > equals;
}

constexpr int kDeepest = 16;  // `$(…)` in `$(…)`

class Scanner {
 public:
  explicit Scanner(std::string_view text, int depth = 0) : text_(text), depth_(depth) {}

  std::vector<std::string> commands() {
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (is_blank(c)) {
        ++at_;
      } else if (is_separator(c)) {
        expecting_ = true;
        ++at_;
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        take(word());
      }
    }
    return std::move(found_);
  }

 private:
  /// Up to a blank or separator, quotes taken off.
  std::string word() {
    std::string text;
    char quote = '\0';
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\\' && quote != '\'' && at_ + 1 < text_.size()) {
        if (text_[++at_] != '\n') text += text_[at_];
      } else if (quote != '\'' && (c == '`' || text_.substr(at_, 2) == "$(")) {
        text += '$';  // a word of unknown text
        scan_substitution();
      } else if (quote == '\0' && (is_blank(c) || is_separator(c))) {
        break;
      } else if (quote == '\0' && (c == '"' || c == '\'')) {
        quote = c;
      } else if (c == quote) {
        quote = '\0';
      } else {
        text += c;
      }
    }
    return text;
  }

  /// The commands in `$(…)` or backquotes. Ends at its last character.
  void scan_substitution() {
    const bool quoted = text_[at_] == '`';
    const std::size_t begin = at_ + (quoted ? 1 : 2);
    std::size_t end = begin;
    for (int open = 1; end < text_.size(); ++end) {
      if (quoted ? text_[end] == '`' : text_[end] == ')' && --open == 0) break;
      open += text_[end] == '(' ? 1 : 0;
    }
    at_ = std::min(end, text_.size() - 1);
    if (depth_ == kDeepest) return;
    const std::string_view inside = text_.substr(begin, end - begin);
    for (const std::string& name : Scanner(inside, depth_ + 1).commands()) add(name);
  }

  void add(const std::string& name) {
    if (seen_.insert(name).second) found_.push_back(name);
  }

  void take(const std::string& word) {
    if (word.empty() || !expecting_ || kPrefixes.contains(word) || is_assignment(word)) return;
    expecting_ = false;
    if (is_name(word)) add(word);
  }

  std::string_view text_;
  int depth_;
  std::size_t at_ = 0;
  bool expecting_ = true;
  std::set<std::string> seen_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> shell_commands(std::string_view script) {
  return Scanner(script).commands();
}

std::optional<std::vector<std::string>> plain_command(const std::string& text) {
  if (text.find_first_of("$`;&|<>()*?[]{}~#!\n") != std::string::npos) return std::nullopt;
  try {
    std::vector<std::string> words = parse_words("command", text);
    if (words[0] == "exec") words.erase(words.begin());
    if (words.empty() || is_assignment(words[0]) || kPrefixes.contains(words[0]) ||
        words[0].starts_with('-')) {
      return std::nullopt;
    }
    return words;
  } catch (const UsageError&) {
    return std::nullopt;  // blank, or a quote without its end
  }
}

}  // namespace scratchpack
