#include "runtime/memory_image.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>

#include "runtime/elf.h"

using namespace scratchpack;

namespace {

constexpr std::uint64_t kPages = 8;

/// A file of eight pages in memory, each byte the number of its page, but for ELF headers.
class Decoded {
 public:
  Decoded() {
    bytes_ = static_cast<unsigned char*>(mmap(nullptr, kPages * kPageSize, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::uint64_t page = 0; page < kPages; ++page) {
      std::memset(bytes_ + page * kPageSize, static_cast<int>(page), kPageSize);
    }
    elf_ = reinterpret_cast<ElfHeader*>(bytes_);
    std::memset(bytes_, 0, 1024);
    std::memcpy(bytes_,
                "\x7f"
                "ELF",
                4);
    elf_->phoff = sizeof(ElfHeader);
  }
  void load(std::uint64_t offset, std::uint64_t size, std::uint64_t memory_size) {
    auto* headers = reinterpret_cast<ProgramHeader*>(bytes_ + sizeof(ElfHeader));
    headers[elf_->phnum++] = {kPtLoad, kPfRead, offset,      offset,
                              offset,  size,    memory_size, kPageSize};
  }
  bool describe(MemoryImage& image) { return describe_image(bytes_, kPages * kPageSize, image); }

 private:
  unsigned char* bytes_;
  ElfHeader* elf_;
};

/// A place to map to, without access.
std::uint64_t reserve() {
  return reinterpret_cast<std::uint64_t>(
      mmap(nullptr, kPages * kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

unsigned byte_at(std::uint64_t address) { return *reinterpret_cast<unsigned char*>(address); }

bool is_mapped(const unsigned char* page) {
  unsigned char present = 0;
  return mincore(const_cast<unsigned char*>(page), kPageSize, &present) == 0;
}

}  // namespace

TEST_CASE("pieces of a decoded file are moved to where they are wanted") {
  Decoded file;
  file.load(0, 2 * kPageSize, 2 * kPageSize);
  file.load(2 * kPageSize, 1000, 1000);
  file.load(4 * kPageSize, 2 * kPageSize, 3 * kPageSize);
  MemoryImage image;
  REQUIRE(file.describe(image));
  REQUIRE(image.piece_count == 3);
  const unsigned char* bytes = image.bytes;
  const std::uint64_t to = reserve();
  // More is asked for than the piece has, as a linker's first mapping does.
  CHECK(map_image(image, to, 0, kPages * kPageSize, PROT_READ) == 2 * kPageSize);
  CHECK(byte_at(to + kPageSize) == 1);
  CHECK(map_image(image, to + 2 * kPageSize, 2 * kPageSize, 1000, PROT_READ) == kPageSize);
  CHECK(byte_at(to + 2 * kPageSize) == 2);
  CHECK(map_image(image, to + 4 * kPageSize, 4 * kPageSize, 2 * kPageSize,
                  PROT_READ | PROT_WRITE) == 2 * kPageSize);
  *reinterpret_cast<unsigned char*>(to + 5 * kPageSize) = 77;
  CHECK(is_mapped(bytes + 6 * kPageSize));
  release_image(image);
  for (std::uint64_t page = 0; page < kPages; ++page) CHECK(!is_mapped(bytes + page * kPageSize));
  munmap(reinterpret_cast<void*>(to), kPages * kPageSize);
}

TEST_CASE("a page that two pieces share is there twice") {
  Decoded file;
  file.load(0, kPageSize, kPageSize);
  file.load(kPageSize, kPageSize + 100, kPageSize + 100);
  file.load(2 * kPageSize + 100, 2000, 2000);
  file.load(2 * kPageSize + 2100, 2 * kPageSize, 2 * kPageSize);
  MemoryImage image;
  REQUIRE(file.describe(image));
  const std::uint64_t to = reserve();
  CHECK(map_image(image, to, 0, kPageSize, PROT_READ) == kPageSize);
  CHECK(map_image(image, to + kPageSize, kPageSize, 2 * kPageSize, PROT_READ) == 2 * kPageSize);
  CHECK(map_image(image, to + 3 * kPageSize, 2 * kPageSize, kPageSize, PROT_READ) == kPageSize);
  CHECK(map_image(image, to + 4 * kPageSize, 2 * kPageSize, 3 * kPageSize,
                  PROT_READ | PROT_WRITE) == 3 * kPageSize);
  CHECK(byte_at(to + 2 * kPageSize) == 2);
  CHECK(byte_at(to + 3 * kPageSize) == 2);
  CHECK(byte_at(to + 4 * kPageSize + 2100) == 2);
  CHECK(byte_at(to + 5 * kPageSize) == 3);
  CHECK(byte_at(to + 6 * kPageSize) == 4);
  release_image(image);
  munmap(reinterpret_cast<void*>(to), kPages * kPageSize);
}

TEST_CASE("a piece whose turn it is not is refused, and nothing is changed") {
  Decoded file;
  file.load(0, kPageSize, kPageSize);
  file.load(2 * kPageSize, kPageSize, kPageSize);
  MemoryImage image;
  REQUIRE(file.describe(image));
  const std::uint64_t to = reserve();
  CHECK(map_image(image, to, kPageSize, kPageSize, PROT_READ) == -22);
  CHECK(map_image(image, to, 2 * kPageSize, kPageSize, PROT_READ) == kPageSize);
  CHECK(map_image(image, to + kPageSize, 2 * kPageSize, kPageSize, PROT_READ) == -22);
  CHECK(map_image(image, to + kPageSize, 0, kPageSize, PROT_READ) == -22);
  CHECK(!image.has(0, 1));
  CHECK(image.has(3 * kPageSize, 5 * kPageSize));
  CHECK(!image.has(3 * kPageSize, 5 * kPageSize + 1));
  release_image(image);
  munmap(reinterpret_cast<void*>(to), kPages * kPageSize);
}

TEST_CASE("files whose pieces lie across each other are not taken apart") {
  const auto describes = [](std::uint64_t offset, std::uint64_t before_size,
                            std::uint64_t before_memory) {
    Decoded file;
    file.load(0, before_size, before_memory);
    file.load(offset, kPageSize, kPageSize);
    MemoryImage image;
    const bool described = file.describe(image);
    release_image(image);
    return described;
  };
  CHECK(describes(kPageSize, kPageSize, kPageSize));
  CHECK(describes(kPageSize + 10, kPageSize + 10, kPageSize + 10));
  CHECK(!describes(kPageSize + 10, kPageSize + 10, kPageSize + 11));  // cleared by the linker
  CHECK(!describes(kPageSize, 3 * kPageSize, 3 * kPageSize));
  CHECK(!describes(kPages * kPageSize, kPageSize, kPageSize));
}
