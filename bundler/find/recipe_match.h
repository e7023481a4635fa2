// What is in the bundle so far, as the conditions of recipes look at it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundler/base/file.h"
#include "bundler/find/plan.h"
#include "bundler/find/recipe_model.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// A file of the plan. ELF files are looked into when a condition asks for it, once.
class BundledFile {
 public:
  /// `places`: the links on the way to it and itself, each without links among its parents.
  BundledFile(std::string asked, std::vector<std::string> places, std::string host);

  const std::string& real() const { return places_.back(); }  ///< its path behind all links
  const std::vector<std::string>& places() const { return places_; }
  bool is_elf() const { return elf_; }  ///< x86-64, and the linker's business
  bool has_path(const std::vector<std::string>& patterns) const;
  bool has_soname(const std::vector<std::string>& patterns) const;

  /// Of an ELF file; empty for others.
  const std::vector<std::string_view>& symbols();
  const std::vector<std::string_view>& notes();
  std::span<const std::uint8_t> bytes();

 private:
  std::string asked_;
  std::vector<std::string> places_;
  std::string host_;  // where it can be opened; empty for what is made by us
  bool elf_ = false;
  std::string soname_;
  std::unique_ptr<MappedFile> mapped_;
  std::unique_ptr<std::vector<std::string_view>> symbols_;
  std::unique_ptr<std::vector<std::string_view>> notes_;
};

/// The files of a plan, growing with it.
class BundledFiles {
 public:
  /// Takes in what the plan has gained since the last call.
  void update(const Plan& plan, const Sysroot& sysroot);

  std::deque<BundledFile>& files() { return files_; }
  const std::vector<std::string>& interpreters() const { return interpreters_; }

  /// Whether the condition holds: one of its lists as a trigger, all of them as a requirement.
  /// An empty requirement holds.
  bool triggers(const Condition& condition);
  bool satisfies(const Condition& condition);

  /// Values of a variable that come from the files: see RecipeVariable.
  std::vector<std::string> directories_of(const std::string& soname);
  std::vector<std::string> texts_in(const RecipeVariable& variable);
  std::vector<std::string> captures_in(const RecipeVariable& variable);

 private:
  enum class Ask { soname, path, interpreter, symbol, note, text };
  bool holds(Ask ask, const std::vector<std::string>& patterns, const Condition& condition);
  bool file_holds(BundledFile& file, Ask ask, const std::vector<std::string>& patterns);

  /// How far a list of a condition has been compared: files only join, so no file is looked at
  /// twice and what held once holds for good.
  struct Progress {
    std::size_t seen = 0;
    bool held = false;
  };
  /// What the regular expressions of a variable have given so far.
  struct Captures {
    std::size_t seen = 0;
    std::set<std::string> values;
  };
  std::deque<BundledFile> files_;
  std::vector<std::string> interpreters_;
  std::map<const std::vector<std::string>*, Progress> progress_;
  std::map<const RecipeVariable*, Captures> captures_;
  std::size_t wants_seen_ = 0;
};

}  // namespace scratchpack
