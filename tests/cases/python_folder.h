// A folder with an application of Python, bundled with the python3 of this machine.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "tests/cases/scratch_folder.h"
#include "tests/cases/tool_run.h"

namespace scratchpack {

extern const std::string kPython;  ///< the option that names this machine's interpreter

/// What `build --json` has said and made.
struct PythonBuild {
  Ran ran;
  nlohmann::json summary;

  std::set<std::string> paths() const;
  bool has(const std::string& path) const;
  /// How a module imports one that was not found; nothing when that is not in the list.
  std::optional<std::string> unfound(const std::string& name, const std::string& by) const;
};

class PythonFolder : public ScratchFolder {
 public:
  struct File {
    std::string name;
    std::string text;
  };
  explicit PythonFolder(std::initializer_list<File> files);

  /// From now on a folder in it is where builds find packages, by PYTHONPATH.
  void find_packages_in(const std::string& name);

  /// Builds, and fails the test where the build fails; an empty `python` leaves the choice to it.
  PythonBuild build(const std::string& arguments, const std::string& python = kPython) const;

  /// Everything that a command prints in the folder, errors among it.
  std::string printed(const std::string& command) const;

  /// Bundles app.py as `b` and runs that in `/`, where none of its files lie beside it.
  std::string bundled_output(const std::string& options = "") const;

  /// The same of another target, once nothing but the bundle is left in the folder.
  std::string output_alone(const std::string& target, const std::string& options = "") const;

 private:
  std::string environment_;
};

/// The file below the standard library of this machine.
std::string standard(const std::string& name);

}  // namespace scratchpack
