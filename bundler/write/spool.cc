#include "bundler/write/spool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>

#include "bundler/base/error.h"
#include "bundler/base/interrupt.h"

namespace scratchpack {
namespace {

constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;

[[noreturn]] void fail(const std::string& output, int number) {
  throw Error(fmt::format("write {}: {} while its compressed contents were put beside it{}", output,
                          errno_text(number),
                          number == ENOSPC ? " (free some space or choose another --output)" : ""));
}

}  // namespace

Spool::Spool(const std::string& output) : output_(output) {
  std::string name = output + ".XXXXXX";
  const HeldSignals held;
  file_ = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file_.valid() || ::unlink(name.c_str()) != 0) fail(output_, errno);
}

std::uint64_t Spool::append(std::span<const std::uint8_t> bytes) {
  const std::uint64_t place = end_.fetch_add(bytes.size());
  for (std::uint64_t at = place; !bytes.empty();) {
    const ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(output_, count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  return place;
}

void Spool::copy(std::uint64_t place, std::uint64_t size, const ByteSink& out) const {
  Bytes buffer(std::min(size, kPiece));
  while (size > 0) {
    const ssize_t count =
        ::pread(file_.get(), buffer.data(), std::min<std::uint64_t>(size, buffer.size()),
                static_cast<off_t>(place));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(output_, count < 0 ? errno : EIO);
    out(std::span(buffer).first(static_cast<std::size_t>(count)));
    place += static_cast<std::uint64_t>(count);
    size -= static_cast<std::uint64_t>(count);
  }
}

}  // namespace scratchpack
