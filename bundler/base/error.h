// The one way the bundler reports failure.
#pragma once

#include <stdexcept>
#include <string>

namespace scratchpack {

/// A failure the user can act on. what() reads `verb object: reason (what to do)`, on one line;
/// main prints it behind `scratchpack: ` and exits 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The command line was wrong; main exits 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// The text of an errno value, without strerror's static buffer.
std::string errno_text(int number);

}  // namespace scratchpack
