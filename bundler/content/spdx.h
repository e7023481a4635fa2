// Debian's short names of licences, as SPDX writes them.
#pragma once

#include <string>

namespace scratchpack {

/// "GPL-2.0-or-later" for "GPL-2+", "MIT" for "Expat". Empty for a name that stands for no one
/// licence of SPDX's list, for one that may mean several ("MIT", "BSD", "GPL"), and for more than
/// one licence at once.
std::string spdx_identifier(const std::string& short_name);

}  // namespace scratchpack
