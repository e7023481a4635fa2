// What pip and its like installed, of which no package of the machine's distribution knows.
#pragma once

#include <set>
#include <string>

#include "bundler/report.h"

namespace scratchpack {

struct PythonDistribution {
  std::string name;  ///< as package URLs have it: small letters, digits and single hyphens
  std::string version;

  auto operator<=>(const PythonDistribution&) const = default;
};

/// Those whose metadata is among the files, by what its folder or file is called:
/// NAME-VERSION.dist-info (of a wheel) or NAME-VERSION[-pyX.Y].egg-info.
std::set<PythonDistribution> python_distributions(const Report& report);

}  // namespace scratchpack
