#include "bundler/content/licences.h"

#include <algorithm>
#include <set>
#include <utility>

#include "bundler/base/lines.h"

namespace scratchpack {
namespace {

constexpr std::string_view kCommon = "/usr/share/common-licenses/";
constexpr std::size_t kLongestName = 200;  // bytes; a longer "name" is a text in the wrong place

bool same_word(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// Without blanks at its ends, and with single ones inside.
std::string tidied(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool blank = c == ' ' || c == '\t' || c == '\r';
    if (!blank) out += c;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

/// One paragraph of a copyright file, as far as it matters here.
struct Paragraph {
  std::string format;   ///< only the first paragraph has one
  std::string licence;  ///< its short name
  bool about_files = false;
};

Paragraph paragraph_of(std::string_view text) {
  Paragraph paragraph;
  for_each_line(text, [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (line.starts_with(' ') || line.starts_with('\t') || colon == std::string_view::npos) return;
    const std::string_view name = line.substr(0, colon);
    const std::string value = tidied(line.substr(colon + 1));
    if (same_word(name, "Format") || same_word(name, "Format-Specification")) {
      paragraph.format = value;
    }
    if (same_word(name, "Files")) paragraph.about_files = true;
    if (same_word(name, "License")) paragraph.licence = value;
  });
  return paragraph;
}

}  // namespace

std::string licence_path(const Package& package) {
  return "/usr/share/doc/" + package.name + "/copyright";
}

std::vector<std::string> declared_licences(std::string_view copyright) {
  std::vector<std::string> names;
  bool first = true;
  for_each_paragraph(copyright, [&](std::string_view text) {
    Paragraph paragraph = paragraph_of(text);
    const bool head = std::exchange(first, false);
    if (head && paragraph.format.find("copyright-format") == std::string::npos &&
        paragraph.format.find("dep5") == std::string::npos) {
      names.emplace_back();  // no such form: the rest says nothing
    }
    const bool names_one = head || paragraph.about_files;
    if (!names_one || paragraph.licence.empty() || paragraph.licence.size() > kLongestName) return;
    if (std::ranges::find(names, paragraph.licence) == names.end()) {
      names.push_back(std::move(paragraph.licence));
    }
  });
  if (!names.empty() && names.front().empty()) names.clear();
  return names;
}

std::vector<std::string> common_licences(std::string_view copyright) {
  std::set<std::string> paths;
  for (std::size_t at = 0; (at = copyright.find(kCommon, at)) != std::string_view::npos;) {
    at += kCommon.size();
    std::size_t end = at;
    auto is_name = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             c == '-' || c == '.' || c == '+';
    };
    while (end < copyright.size() && is_name(copyright[end])) ++end;
    std::string_view name = copyright.substr(at, end - at);
    while (name.ends_with('.') || name.ends_with('-')) name.remove_suffix(1);  // of the sentence
    if (!name.empty()) paths.insert(std::string(kCommon).append(name));
  }
  return {paths.begin(), paths.end()};
}

std::map<std::string, std::string> licence_texts(const Packages& packages, const Sysroot& sysroot,
                                                 Exclude& excluded) {
  std::map<std::string, std::string> texts;
  auto take = [&](const std::string& path) -> const std::string* {
    if (auto known = texts.find(path); known != texts.end()) return &known->second;
    if (excluded.takes(path) != nullptr) return nullptr;
    std::optional<std::string> text = sysroot.read_text(path);
    return text ? &texts.emplace(path, std::move(*text)).first->second : nullptr;
  };
  for (const auto& [named, package] : packages) {
    const std::string* text = take(licence_path(package));
    if (text == nullptr) continue;
    for (const std::string& common : common_licences(*text)) take(common);
  }
  return texts;
}

}  // namespace scratchpack
