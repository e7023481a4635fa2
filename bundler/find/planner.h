// Fills a plan with programs, scripts and libraries; the work behind plan_application and
// plan_binary.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bundler/find/binary.h"
#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/script.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

class Planner {
 public:
  Planner(Plan& plan, const Sysroot& sysroot, const ResolveOptions& options)
      : plan_(plan), sysroot_(sysroot), options_(options) {}

  /// The application itself, under an absolute path. Throws as plan_application does.
  void add_application(const std::string& path);
  /// A helper, plugin or script, with what it needs.
  void add_binary(const Want& want);
  /// What the linker brings when `loader`, an ELF file of the plan, loads `soname` by itself.
  Closure loaded_closure(const Want& loader, const std::string& soname) const;
  /// Plans it, `soname` for this reason. What is missing in it is left to the caller.
  void add_loaded(const Closure& closure, const std::string& soname, const std::string& reason);

 private:
  /// Where a script ends up: the ELF program that runs, and what is put before the user's words.
  struct Chain {
    std::string program;
    ElfFile elf;
    std::vector<std::string> arguments;
  };

  void want(Want want);
  void want(const std::string& path, const std::string& reason);
  void add_missing(Missing missing);
  void add_program(const Binary& binary);
  void add_library(const Binary& binary);
  void want_closure(const Closure& closure);
  Binary walked_binary(const Want& want, const std::string& host, ElfFile elf) const;
  void want_musl_path(const std::string& interpreter);
  bool is_planned(const std::string& library) const;
  Chain follow_script(const std::string& script, std::string head);
  void follow_helper(const std::string& script, const std::string& head);
  void add_env_program(const std::string& script, const std::string& argument);

  Plan& plan_;
  const Sysroot& sysroot_;
  const ResolveOptions& options_;
  std::set<std::string> followed_;  ///< scripts, so that none is followed twice
};

}  // namespace scratchpack
