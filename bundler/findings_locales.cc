#include "bundler/findings_locales.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

#include "bundler/base/values.h"

namespace scratchpack {
namespace {

/// "de" of "de_AT.UTF-8@euro"; empty for what is no name of a locale.
std::string language_in(const std::string& name) {
  const std::string language = name.substr(0, name.find_first_of("_.@-"));
  auto lower = [](unsigned char c) { return std::islower(c) != 0; };
  if (language.size() < 2 || language.size() > 3) return "";
  return std::all_of(language.begin(), language.end(), lower) ? language : "";
}

std::set<std::string> languages_asked_for(const Report& report) {
  static const std::string kOption = "--locale ";
  static const std::set<std::string> kVariables = {"LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES"};
  std::set<std::string> asked;
  for (const ReportFile& file : report.files) {
    if (file.reason.starts_with(kOption)) {
      asked.insert(language_in(file.reason.substr(kOption.size())));
    }
  }
  for (const EnvironmentEdit& edit : report.launch.environment) {
    if (!kVariables.contains(edit.name)) continue;
    for (const std::string& name : split(edit.value, ':')) asked.insert(language_in(name));
  }
  return asked;
}

}  // namespace

std::string language_of(const std::string& path) {
  const std::vector<std::string> names = split(path, '/');
  for (std::size_t i = 0; i + 2 < names.size(); ++i) {
    if (names[i] != "locale" && names[i] != "locales") continue;
    const std::string language = language_in(names[i + 1]);
    // "lib" has three letters, too: those languages are known by what lies in their folder.
    if (language.size() == 2 || (!language.empty() && names[i + 2].starts_with("LC_"))) {
      return language;
    }
  }
  return "";
}

std::vector<ReportWaste::Spare> unasked_locales(const Report& report) {
  const std::set<std::string> asked = languages_asked_for(report);
  std::vector<ReportWaste::Spare> spares;
  for (const ReportFile& file : report.files) {
    if (file.kind != "file" || file.size == 0) continue;
    if (!file.reason.starts_with("recipe ") && !file.reason.starts_with("--add-data")) continue;
    const std::string language = language_of(file.path);
    if (language.empty() || asked.contains(language)) continue;
    spares.push_back({file.path, file.size});
  }
  return spares;
}

}  // namespace scratchpack
