// Tiny programs and libraries built at test time, without a C library: what they need is only what
// a case gives them.
#pragma once

#include <string>
#include <vector>

#include "bundler/find/resolve.h"
#include "tests/cases/scratch_folder.h"

namespace scratchpack {

class TinyPrograms {
 public:
  /// The folder; `@` in flags and contents stands for its path.
  const ScratchFolder& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_.path(name); }

  /// Builds a shared library or a program from an empty source. `needs` are libraries of the
  /// folder to link, each needed by its soname, or by the name given where it has none.
  std::string library(const std::string& name, const std::vector<std::string>& needs = {},
                      const std::string& flags = "") const;
  std::string program(const std::string& name, const std::vector<std::string>& needs = {},
                      const std::string& flags = "") const;

  /// The walk of a program, "name => path" with `@` for the folder, and " => not found". First
  /// compared with what the machine's own linker says, where the root is the machine's.
  std::vector<std::string> walk(const std::string& name, const ResolveOptions& options = {}) const;

  /// Every place tried for the first missing library: "path (why)", with `@` for the folder.
  std::vector<std::string> tried(const std::string& name, const ResolveOptions& options = {}) const;

  /// Text with the folder's path written as `@`.
  std::string short_text(std::string text) const;

 private:
  void build(const std::string& name, const std::vector<std::string>& needs,
             const std::string& flags) const;

  ScratchFolder folder_;
};

}  // namespace scratchpack
