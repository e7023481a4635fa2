#include "bundler/base/pipe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bundler/base/error.h"

namespace scratchpack {

Pipe::Pipe(std::string_view what) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(fmt::format("{}: make a pipe: {}", what, errno_text(errno)));
  }
  read_end = Descriptor(ends[0]);
  write_end = Descriptor(ends[1]);
}

void send_all(const Descriptor& pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(pipe.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string receive_all(const Descriptor& pipe) {
  std::string bytes;
  std::array<char, 65536> buffer{};
  while (true) {
    ssize_t count = ::read(pipe.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace scratchpack
