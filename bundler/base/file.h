// Files of the build machine: read whole, written whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundler/base/interrupt.h"

namespace scratchpack {

using Bytes = std::vector<std::uint8_t>;

/// Takes the next bytes of an output; may throw.
using ByteSink = std::function<void(std::span<const std::uint8_t>)>;

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  int release() {
    int number = number_;
    number_ = -1;
    return number;
  }

 private:
  int number_;
};

/// Where a path of the build machine leads, links followed; empty when it leads nowhere.
std::string real_path(const std::string& path);

/// The whole of a regular file. Throws Error naming the file and the reason.
Bytes read_file(const std::string& path);

/// A file mapped read-only for as long as this lives: large files are never copied to the heap.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A regular file read where one likes: what is too large to be held, and should not be mapped
/// either, as pages that were looked at count as memory in use.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  std::uint64_t size() const { return size_; }
  /// Fills `out` from `offset` on. Throws Error when the file has become shorter.
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const;

 private:
  std::string path_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

/// Refuses what AtomicFile would refuse of that name, before minutes are spent on what is written.
void check_output_file(const std::string& path);

/// A file that appears under its name only when commit() has succeeded: written to a temporary
/// neighbour, every write and the close checked, then renamed. Without commit() nothing is left,
/// nor when a signal ends the program. A link as the name stays, and the file it leads to is
/// replaced; what is no regular file is not replaced.
class AtomicFile {
 public:
  /// `mode` is what the umask is applied to, as for a compiler's output.
  AtomicFile(const std::string& path, unsigned mode);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();
  void write(std::span<const std::uint8_t> bytes);
  void write(std::string_view text);
  /// Bytes written so far.
  std::uint64_t position() const { return position_; }
  /// Zero bytes up to the next multiple of `alignment`.
  void pad_to(std::uint64_t alignment);
  /// Overwrites bytes already written (headers whose content is known last).
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  /// Ends the writing, so that the file can be read and executed under the name returned before
  /// it gets its own.
  const std::string& finish();
  void commit();
  int descriptor() const { return descriptor_.get(); }

 private:
  std::string path_;
  std::string temporary_;
  Descriptor descriptor_;
  Unfinished unfinished_;
  std::uint64_t position_ = 0;
};

}  // namespace scratchpack
