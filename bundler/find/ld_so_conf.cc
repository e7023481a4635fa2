#include "bundler/find/ld_so_conf.h"

#include <set>

#include "bundler/find/search_path.h"

namespace scratchpack {
namespace {

class Configuration {
 public:
  explicit Configuration(const Sysroot& sysroot) : sysroot_(sysroot) {}

  void read(const std::string& path) {
    // Each file once, as one that includes itself would never end.
    if (!read_.insert(path).second) return;
    std::optional<std::string> text = sysroot_.read_text(path);
    if (!text) return;
    for (const std::string& line : split_list(*text, "\n")) {
      read_line(line.substr(0, line.find('#')), path);
    }
  }

  std::vector<std::string> directories() { return std::move(directories_); }

 private:
  void read_line(const std::string& line, const std::string& path) {
    std::vector<std::string> words;
    for (std::string& word : split_list(line, " \t\r:,")) {
      if (!word.empty()) words.push_back(std::move(word));
    }
    if (words.empty() || words[0] == "hwcap") return;
    if (words[0] != "include") {
      for (const std::string& word : words) add(word);
      return;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
      std::string pattern = words[i];
      if (!pattern.starts_with('/')) pattern = directory_of(path) + "/" + pattern;
      for (const std::string& file : sysroot_.glob(pattern)) read(file);
    }
  }

  /// `directory=type` names a library type of the 1990s.
  void add(const std::string& word) {
    std::string directory = word.substr(0, word.find('='));
    if (directory.starts_with('/')) directories_.push_back(normal_path(directory));
  }

  const Sysroot& sysroot_;
  std::set<std::string> read_;
  std::vector<std::string> directories_;
};

}  // namespace

std::vector<std::string> ld_so_conf_directories(const Sysroot& sysroot) {
  Configuration configuration(sysroot);
  configuration.read("/etc/ld.so.conf");
  return configuration.directories();
}

}  // namespace scratchpack
