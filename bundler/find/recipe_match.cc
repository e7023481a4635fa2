#include "bundler/find/recipe_match.h"

#include <algorithm>
#include <regex>

#include "bundler/base/error.h"
#include "bundler/base/path_text.h"
#include "bundler/find/elf_file.h"
#include "bundler/find/elf_scan.h"
#include "bundler/find/glob.h"

namespace scratchpack {
namespace {

bool any_matches(const std::vector<std::string>& patterns, const std::string& path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return glob_matches(pattern, path); });
}

/// `names` is sorted, or short enough not to matter.
bool any_matches(const std::vector<std::string>& patterns,
                 const std::vector<std::string_view>& names, bool sorted) {
  for (const std::string& pattern : patterns) {
    if (sorted && pattern.find_first_of("*?[") == std::string::npos) {
      if (std::binary_search(names.begin(), names.end(), pattern)) return true;
      continue;
    }
    for (std::string_view name : names) {
      if (glob_matches(pattern, std::string(name))) return true;
    }
  }
  return false;
}

}  // namespace

BundledFile::BundledFile(std::string asked, std::vector<std::string> places, std::string host)
    : asked_(std::move(asked)), places_(std::move(places)), host_(std::move(host)) {
  if (host_.empty() || !begins_as_elf(host_)) return;
  try {
    mapped_ = std::make_unique<MappedFile>(host_);
    std::optional<ElfFile> file = read_elf(mapped_->bytes(), asked_);
    elf_ = file && file->is_native();
    if (elf_) soname_ = file->soname.value_or("");
  } catch (const Error&) {
    // Damaged: the walk and the rewriting say so where it matters; here it triggers nothing.
  }
  if (!elf_) mapped_.reset();
}

bool BundledFile::has_path(const std::vector<std::string>& patterns) const {
  return any_matches(patterns, asked_) || any_matches(patterns, real());
}

bool BundledFile::has_soname(const std::vector<std::string>& patterns) const {
  if (!elf_) return false;
  return any_matches(patterns, soname_) || any_matches(patterns, last_name(asked_)) ||
         any_matches(patterns, last_name(real()));
}

const std::vector<std::string_view>& BundledFile::symbols() {
  if (!symbols_)
    symbols_ = std::make_unique<std::vector<std::string_view>>(imported_symbols(bytes()));
  return *symbols_;
}

const std::vector<std::string_view>& BundledFile::notes() {
  if (!notes_) notes_ = std::make_unique<std::vector<std::string_view>>(note_owners(bytes()));
  return *notes_;
}

std::span<const std::uint8_t> BundledFile::bytes() {
  if (!mapped_) return {};
  return mapped_->bytes();
}

void BundledFiles::update(const Plan& plan, const Sysroot& sysroot) {
  const std::string root = sysroot.root() == "/" ? "" : sysroot.root();
  for (; wants_seen_ < plan.wants.size(); ++wants_seen_) {
    const Want& want = plan.wants[wants_seen_];
    std::string host = want.source;
    std::vector<std::string> places;
    if (!want.content && want.target.empty() && want.source.empty()) {
      std::vector<Hop> hops = sysroot.follow(want.path);
      for (Hop& hop : hops) {
        if (hop.status.kind != FileKind::directory) places.push_back(std::move(hop.path));
      }
      if (!hops.empty() && hops.back().status.kind == FileKind::file) host = root + places.back();
    }
    if (places.empty()) places.push_back(want.path);
    files_.emplace_back(want.path, std::move(places), std::move(host));
  }
  interpreters_.clear();
  for (const Program& program : plan.programs) interpreters_.push_back(program.interpreter);
  if (plan.kind == ApplicationKind::script) interpreters_.push_back(plan.launch_path);
}

bool BundledFiles::file_holds(BundledFile& file, Ask ask,
                              const std::vector<std::string>& patterns) {
  switch (ask) {
    case Ask::soname:
      return file.has_soname(patterns);
    case Ask::path:
      return file.has_path(patterns);
    case Ask::symbol:
      return any_matches(patterns, file.symbols(), true);
    case Ask::note:
      return any_matches(patterns, file.notes(), false);
    case Ask::text:
      return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& text) {
        return find_text(file.bytes(), text) < file.bytes().size();
      });
    case Ask::interpreter:
      break;
  }
  return false;
}

bool BundledFiles::holds(Ask ask, const std::vector<std::string>& patterns,
                         const Condition& condition) {
  if (patterns.empty()) return false;
  if (ask == Ask::interpreter) {
    return std::any_of(interpreters_.begin(), interpreters_.end(),
                       [&](const std::string& path) { return any_matches(patterns, path); });
  }
  bool inside = ask == Ask::symbol || ask == Ask::note || ask == Ask::text;
  Progress& progress = progress_[&patterns];
  while (!progress.held && progress.seen < files_.size()) {
    BundledFile& file = files_[progress.seen++];
    if (inside && file.has_soname(condition.ignore)) continue;
    progress.held = file_holds(file, ask, patterns);
  }
  return progress.held;
}

bool BundledFiles::triggers(const Condition& condition) {
  // The cheap ones first: a text is searched for in every byte.
  return holds(Ask::soname, condition.soname, condition) ||
         holds(Ask::path, condition.path, condition) ||
         holds(Ask::interpreter, condition.interpreter, condition) ||
         holds(Ask::symbol, condition.symbol, condition) ||
         holds(Ask::note, condition.note, condition) || holds(Ask::text, condition.text, condition);
}

bool BundledFiles::satisfies(const Condition& condition) {
  auto met = [&](Ask ask, const std::vector<std::string>& patterns) {
    return patterns.empty() || holds(ask, patterns, condition);
  };
  return met(Ask::soname, condition.soname) && met(Ask::path, condition.path) &&
         met(Ask::interpreter, condition.interpreter) && met(Ask::symbol, condition.symbol) &&
         met(Ask::note, condition.note) && met(Ask::text, condition.text);
}

std::vector<std::string> BundledFiles::directories_of(const std::string& soname) {
  std::set<std::string> directories;
  for (const BundledFile& file : files_) {
    if (!file.has_soname({soname})) continue;
    std::string directory = file.real().substr(0, file.real().rfind('/'));
    directories.insert(directory);
    // Where /lib is a directory of its own, what belongs to its libraries lies below /usr/lib.
    if (directory.starts_with("/lib")) directories.insert("/usr" + directory);
  }
  return {directories.begin(), directories.end()};
}

std::vector<std::string> BundledFiles::texts_in(const RecipeVariable& variable) {
  constexpr std::size_t kLongest = 1024;  // bytes; longer is no path
  std::set<std::string> values;
  for (BundledFile& file : files_) {
    if (!file.has_soname({variable.text_in})) continue;
    std::span<const std::uint8_t> bytes = file.bytes();
    std::size_t found = find_text(bytes, variable.after);
    if (found == bytes.size()) continue;
    std::size_t begin = found + variable.after.size();
    std::size_t end =
        find_text(bytes.first(std::min(bytes.size(), begin + kLongest)), variable.before, begin);
    if (end > begin && end < std::min(bytes.size(), begin + kLongest)) {
      values.emplace(reinterpret_cast<const char*>(bytes.data() + begin), end - begin);
    }
  }
  return {values.begin(), values.end()};
}

std::vector<std::string> BundledFiles::captures_in(const RecipeVariable& variable) {
  Captures& captures = captures_[&variable];
  std::vector<std::regex> expressions(variable.in_path.begin(), variable.in_path.end());
  for (; captures.seen < files_.size(); ++captures.seen) {
    for (const std::string& path : files_[captures.seen].places()) {
      std::smatch match;
      for (const std::regex& expression : expressions) {
        if (std::regex_search(path, match, expression)) captures.values.insert(match[1]);
      }
    }
  }
  return {captures.values.begin(), captures.values.end()};
}

}  // namespace scratchpack
