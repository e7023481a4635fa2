#include "bundler/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "bundler/base/error.h"

namespace scratchpack {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* verb, const std::string& path, int number) {
  std::string hint = number == ENOSPC ? " (free some space or choose another --output)" : "";
  throw Error(fmt::format("{} {}: {}{}", verb, path, errno_text(number), hint));
}

Descriptor open_regular(const std::string& path, struct stat& status) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) fail("read", path, errno);
  if (::fstat(file.get(), &status) != 0) fail("read", path, errno);
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("read {}: not a regular file", path));
  return file;
}

/// Where an output of that name lies: a link stays, and the file it leads to is replaced.
std::string output_place(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw Error(fmt::format("write {}: is {} (name a file with --output)", path,
                            S_ISDIR(status.st_mode) ? "a directory" : "no regular file"));
  }
  std::error_code ignored;
  return fs::is_symlink(path, ignored) ? fs::weakly_canonical(path).string() : path;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::string real_path(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? real.get() : "";
}

Bytes read_file(const std::string& path) {
  MappedFile file(path);
  return Bytes(file.bytes().begin(), file.bytes().end());
}

MappedFile::MappedFile(const std::string& path) {
  struct stat status {};
  Descriptor file = open_regular(path, status);
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) fail("read", path, errno);
  data_ = static_cast<const std::uint8_t*>(address);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

InputFile::InputFile(const std::string& path) : path_(path) {
  struct stat status {};
  descriptor_ = open_regular(path, status);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    ssize_t count = ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path_, errno);
    if (count == 0) {
      throw Error(fmt::format("read {}: it became shorter while it was read (build again)", path_));
    }
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

void check_output_file(const std::string& path) {
  const std::string folder = fs::absolute(output_place(path)).parent_path().string();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  if (errno == ENOENT) {
    throw Error(fmt::format("write {}: there is no folder {} (make it, or name a file elsewhere)",
                            path, folder));
  }
  throw Error(fmt::format("write {}: {} (name a file elsewhere)", path, errno_text(errno)));
}

AtomicFile::AtomicFile(const std::string& path, unsigned mode) : path_(output_place(path)) {
  temporary_ = path_ + ".XXXXXX";
  HeldSignals held;
  descriptor_ = Descriptor(::mkostemp(temporary_.data(), O_CLOEXEC));
  if (!descriptor_.valid()) {
    int number = errno;
    temporary_.clear();
    fail("write", path_, number);
  }
  unfinished_.reset(temporary_);
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor_.get(), mode & ~mask) != 0) fail("write", path_, errno);
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("write", path_, count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    position_ += static_cast<std::uint64_t>(count);
  }
}

void AtomicFile::write(std::string_view text) {
  write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void AtomicFile::pad_to(std::uint64_t alignment) {
  static const std::uint8_t zeros[4096] = {};
  while (position_ % alignment != 0) {
    std::uint64_t want = alignment - position_ % alignment;
    write({zeros, static_cast<std::size_t>(want < sizeof zeros ? want : sizeof zeros)});
  }
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t count =
        ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("write", path_, count < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

const std::string& AtomicFile::finish() {
  if (descriptor_.valid() && ::close(descriptor_.release()) != 0) fail("write", path_, errno);
  return temporary_;
}

void AtomicFile::commit() {
  finish();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("write", path_, errno);
  unfinished_.reset("");
  temporary_.clear();
}

}  // namespace scratchpack
