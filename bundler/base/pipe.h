// A pipe between this process and one that it forks.
#pragma once

#include <string>
#include <string_view>

#include "bundler/base/file.h"

namespace scratchpack {

/// Both ends close themselves, and when a program is executed. Each process drops the end that is
/// the other's: a reader waits for as long as anybody holds the end to write to. Throws Error
/// `WHAT: make a pipe: reason`.
struct Pipe {
  Descriptor read_end, write_end;
  explicit Pipe(std::string_view what);
};

/// Writes all of it; stops early when nobody is left to read.
void send_all(const Descriptor& pipe, std::string_view bytes);

/// All that comes until nobody is left to write.
std::string receive_all(const Descriptor& pipe);

}  // namespace scratchpack
