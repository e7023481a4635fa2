// `scratchpack recipes`: what recipes there are, what each adds and when.
#pragma once

#include <string>

namespace scratchpack {

/// Prints the built-in recipes, a line each; or all about the one that is named, by name or file.
/// Throws Error when there is none of that name.
void print_recipes(const std::string& name);

}  // namespace scratchpack
