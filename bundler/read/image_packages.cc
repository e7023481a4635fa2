#include "bundler/read/image_packages.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "bundler/base/path_text.h"

namespace scratchpack {
namespace {

constexpr std::string_view kStatus = "/var/lib/dpkg/status";
constexpr std::string_view kStatusFolder = "/var/lib/dpkg/status.d/";
constexpr std::string_view kInfo = "/var/lib/dpkg/info/";
constexpr std::string_view kSums = ".md5sums";
constexpr std::string_view kList = ".list";

struct Installed {
  std::string name, architecture, version;
  bool complete() const { return !name.empty() && !version.empty(); }
  std::string text() const { return name + " " + version; }
};

template <typename Use>
void for_each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The paragraphs of a control file; those of removed packages, of which only the configuration is
/// left, not.
std::vector<Installed> installed_in(std::string_view text) {
  std::vector<Installed> packages;
  Installed now;
  bool gone = false;
  auto finish = [&] {
    if (now.complete() && !gone) packages.push_back(now);
    now = {};
    gone = false;
  };
  for_each_line(text, [&](std::string_view line) {
    auto take = [&](std::string_view key, std::string& value) {
      if (line.starts_with(key)) value = line.substr(key.size());
    };
    if (line.empty()) return finish();
    take("Package: ", now.name);
    take("Version: ", now.version);
    take("Architecture: ", now.architecture);
    if (line.starts_with("Status: ")) gone = !line.ends_with(" installed");
  });
  finish();
  return packages;
}

/// The path as it lies in an image whose /lib is a link to usr/lib; dpkg knows /lib/x.
std::string real(const std::map<std::string, ImageFile>& files, std::string path) {
  const std::size_t end = path.find('/', 1);
  if (end == std::string::npos) return path;
  auto top = files.find(path.substr(0, end));
  if (top == files.end() || top->second.kind != FileKind::symlink) return path;
  const std::string& target = top->second.target;
  return (target.starts_with('/') ? target : "/" + target) + path.substr(end);
}

}  // namespace

bool is_package_list(const std::string& path) {
  return path == kStatus || path.starts_with(kStatusFolder) ||
         (path.starts_with(kInfo) && path.ends_with(kList));
}

void name_image_packages(std::map<std::string, ImageFile>& files,
                         const std::map<std::string, std::string>& texts) {
  auto name = [&](const std::string& path, const Installed& package) {
    auto file = files.find(real(files, path));
    if (file == files.end() || file->second.kind == FileKind::directory) return;
    if (file->second.package.empty()) file->second.package = package.text();
  };
  auto text_of = [&](const std::string& path) -> std::string_view {
    auto found = texts.find(path);
    return found == texts.end() ? std::string_view() : found->second;
  };
  for (const Installed& package : installed_in(text_of(std::string(kStatus)))) {
    const std::string list = std::string(kInfo) + package.name;
    for (const std::string& named : {list, list + ":" + package.architecture}) {
      for_each_line(text_of(named + std::string(kList)), [&](std::string_view line) {
        if (line.starts_with('/')) name(std::string(line), package);
      });
    }
  }
  for (const auto& [path, text] : texts) {
    if (!path.starts_with(kStatusFolder) || path.ends_with(kSums)) continue;
    for (const Installed& package : installed_in(text)) {
      for_each_line(text_of(path + std::string(kSums)), [&](std::string_view line) {
        std::size_t blank = line.find("  ");  // MD5, two blanks, the path without its slash
        if (blank != std::string_view::npos) {
          name("/" + std::string(line.substr(blank + 2)), package);
        }
      });
    }
  }
}

}  // namespace scratchpack
