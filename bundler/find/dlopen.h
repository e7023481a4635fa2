// What the files of a plan load by themselves while they run, looked for as their own linker would:
// see dlopen_names.h for where the names come from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundler/find/dlopen_names.h"
#include "bundler/find/plan.h"
#include "bundler/find/resolve.h"
#include "bundler/find/sysroot.h"

namespace scratchpack {

/// --dlopen
enum class DlopenChoice : std::uint8_t {
  none,       ///< follow nothing
  notes,      ///< follow notes: what is required or recommended
  automatic,  ///< also what is suggested, and names found as strings
};

class DlopenFinder {
 public:
  DlopenFinder(Plan& plan, const Sysroot& sysroot, const ResolveOptions& options,
               DlopenChoice choice)
      : plan_(plan), sysroot_(sysroot), options_(options), choice_(choice) {}

  /// Looks at what the plan has gained since the last call, and adds what that loads. A required
  /// library that is missing goes to plan.missing, a recommended one to the warnings.
  void follow();

  /// Fills plan.unloaded with what this machine has, a file of the plan names, and the plan has
  /// not. To be called last.
  void note_unloaded();

 private:
  /// A library for which the first of these will do.
  struct Named {
    Want file;  ///< of the plan, that names it
    std::vector<std::string> sonames;
    std::string feature;
    bool by_note;
  };

  void look_at(const Want& want);
  void follow_note(const Want& want, const DlopenNote& note);
  bool add(const Named& named, const std::string& reason, std::vector<Missing>* missing);
  bool is_planned(const std::string& soname) const;

  Plan& plan_;
  const Sysroot& sysroot_;
  const ResolveOptions& options_;
  const DlopenChoice choice_;
  std::size_t wants_seen_ = 0;
  std::vector<Named> left_;  ///< not followed
};

}  // namespace scratchpack
