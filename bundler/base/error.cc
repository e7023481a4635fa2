#include "bundler/base/error.h"

#include <system_error>

namespace scratchpack {

std::string errno_text(int number) { return std::generic_category().message(number); }

}  // namespace scratchpack
