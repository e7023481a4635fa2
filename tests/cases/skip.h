// What a case does where the machine does not let it run.
#pragma once

#include <string>

namespace scratchpack {

/// A loud line with the reason, and a failed check where CI=true: there nothing may be left out.
void skip(const std::string& reason);

}  // namespace scratchpack
