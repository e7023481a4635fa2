#include "bundler/find/dlopen_names.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "bundler/find/elf_scan.h"

namespace scratchpack {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kDlopenNote = 0x407c0c0a;
constexpr std::size_t kLongestName = 128;  // bytes; longer is no library's name
const std::string kSuffix = ".so";

std::string text_at(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// A name that the linker looks for, or a path.
bool is_library_name(const std::string& name) {
  return !name.empty() && name.find('\0') == std::string::npos && name != "." && name != "..";
}

std::vector<std::string> sonames_of(const Json& object) {
  std::vector<std::string> names;
  auto found = object.find("soname");
  if (found == object.end()) return names;
  if (found->is_string()) names.push_back(found->get<std::string>());
  if (found->is_array()) {
    for (const Json& each : *found) {
      if (!each.is_string()) return {};
      names.push_back(each.get<std::string>());
    }
  }
  if (!std::all_of(names.begin(), names.end(), is_library_name)) names.clear();
  return names;
}

void add_note(const Json& object, std::vector<DlopenNote>& notes,
              std::vector<std::string>& faults) {
  DlopenNote note;
  if (object.is_object()) note.sonames = sonames_of(object);
  if (note.sonames.empty()) {
    faults.emplace_back("an entry of a dlopen note names no library");
    return;
  }
  note.feature = text_at(object, "feature");
  std::string priority = text_at(object, "priority");
  if (priority == "required") note.priority = DlopenPriority::required;
  if (priority == "suggested") note.priority = DlopenPriority::suggested;
  notes.push_back(std::move(note));
}

bool is_name_character(std::uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '+' || byte == '.';
}

/// The whole C string around the suffix at `at`, if it is a library's name; else nothing.
std::string name_around(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < kLongestName && is_name_character(bytes[begin - 1])) --begin;
  std::size_t end = at + kSuffix.size();
  while (end < bytes.size() && (bytes[end] == '.' || (bytes[end] >= '0' && bytes[end] <= '9'))) {
    ++end;
  }
  bool whole = begin > 0 && bytes[begin - 1] == 0 && end < bytes.size() && bytes[end] == 0;
  std::string name(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                   bytes.begin() + static_cast<std::ptrdiff_t>(end));
  return whole && name.starts_with("lib") && name.size() > 6 && !name.ends_with('.') ? name : "";
}

}  // namespace

std::vector<DlopenNote> dlopen_notes(std::span<const std::uint8_t> elf,
                                     std::vector<std::string>& faults) {
  std::vector<DlopenNote> notes;
  for (const ElfNote& note : elf_notes(elf)) {
    if (note.type != kDlopenNote || note.owner != "FDO") continue;
    std::string text(note.content.substr(0, note.content.find('\0')));
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !(json.is_array() || json.is_object())) {
      faults.emplace_back("a dlopen note is no JSON object or array");
    } else if (json.is_object()) {
      add_note(json, notes, faults);
    } else {
      for (const Json& each : json) add_note(each, notes, faults);
    }
  }
  return notes;
}

bool calls_dlopen(std::span<const std::uint8_t> elf) {
  static const std::set<std::string_view> kCalls = {
      "dlopen",    "dlmopen",      "g_module_open", "g_module_open_full",
      "lt_dlopen", "lt_dlopenext", "SDL_LoadObject"};
  std::vector<std::string_view> symbols = imported_symbols(elf);
  return std::any_of(symbols.begin(), symbols.end(),
                     [](std::string_view symbol) { return kCalls.contains(symbol); });
}

std::vector<std::string> library_names(std::span<const std::uint8_t> elf) {
  std::set<std::string> names;
  for (std::size_t at = find_text(elf, kSuffix); at < elf.size();
       at = find_text(elf, kSuffix, at + kSuffix.size())) {
    std::string name = name_around(elf, at);
    if (!name.empty()) names.insert(std::move(name));
  }
  std::vector<std::string> sorted;
  for (const std::string& name : names) {
    // The next in order has the same beginning where there is one.
    auto next = names.upper_bound(name);
    bool versioned = next != names.end() && next->starts_with(name + ".");
    if (!name.ends_with(kSuffix) || !versioned) sorted.push_back(name);
  }
  return sorted;
}

}  // namespace scratchpack
