// The walk itself, for resolve.h: what has been loaded, in the linker's order.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bundler/find/search_path.h"

namespace scratchpack {

class Walk {
 public:
  Walk(const Sysroot& sysroot, const Linker& linker);

  /// Loads `root` and everything it needs, breadth first.
  Closure run(Object root);

 private:
  /// What became of one candidate.
  struct Look {
    std::shared_ptr<const ElfFile> elf = nullptr;
    FileStatus status = {};
    std::string why = {};  ///< it is not taken
    bool ends = false;     ///< the linker fails here instead of searching on
  };

  void load_linker();
  void load_needs(Object& object);
  void need(const std::string& written, Object& object, bool optional);
  Object* load(const Candidate& candidate, const Look& look, const Object& loader);
  Object* loaded_as(const std::string& name);
  Object* loaded_file(const FileStatus& status);
  Look look_at(const std::string& path);
  Look read(const std::string& path, const FileStatus& status);
  void take(Object& object, const std::string& name, const std::string& placed, Object& needed_by);
  void count_place(const std::string& name);

  const Sysroot& sysroot_;
  const Linker& linker_;
  std::vector<std::unique_ptr<Object>> objects_;  ///< loaded, the program first
  std::vector<Object*> order_;                    ///< as their needs are followed
  Object* itself_ = nullptr;                      ///< the linker
  std::map<std::pair<std::uint64_t, std::uint64_t>, Look> files_;
  std::uint64_t places_ = 0;
  Closure closure_;
};

}  // namespace scratchpack
