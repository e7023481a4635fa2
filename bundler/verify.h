// `scratchpack verify`: whether a bundle is whole, and whether it runs where nothing else is.
#pragma once

#include <string>
#include <vector>

namespace scratchpack {

struct Verification {
  std::string bundle;
  bool run = false;  ///< also run it in an empty root, with `arguments`
  std::vector<std::string> arguments = {};
  unsigned timeout = 10;  ///< seconds it may run
  bool quiet = false;
  bool verbose = false;  ///< name all that was looked for in vain
};

/// Checks every checksum; throws Error naming each fault. Returns 0, or the status of the run (see
/// run_isolated); what was looked for in vain is listed on standard error, unless quiet.
int verify(const Verification& verification);

}  // namespace scratchpack
