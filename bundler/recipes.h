// `scratchpack recipes`: what recipes there are, what each adds and when.
#pragma once

#include <string>

namespace scratchpack {

/// Prints the built-in recipes, what each is, when it applies, what it adds and why; or all about
/// the one that is named, by name or file. Throws Error when there is none of that name.
void print_recipes(const std::string& name);

}  // namespace scratchpack
