#include "runtime/memory_image.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/elf.h"

namespace scratchpack {
namespace {

constexpr uint64_t page_down(uint64_t value) { return value & ~(kPageSize - 1); }
constexpr uint64_t page_up(uint64_t value) { return page_down(value + kPageSize - 1); }

bool is_elf(const unsigned char* bytes, uint64_t size) {
  return size >= sizeof(ElfHeader) && bytes[0] == 0x7f && bytes[1] == 'E' && bytes[2] == 'L' &&
         bytes[3] == 'F';
}

/// Two pieces may share the page in which one ends and the other begins, nothing more, and not when
/// the linker clears the rest of that page.
bool add_piece(MemoryImage& image, uint64_t offset, uint64_t size, bool shares) {
  const uint64_t begin = page_down(offset);
  if (image.piece_count == MemoryImage::kMostPieces) return false;
  if (image.piece_count > 0) {
    const uint64_t before = image.pieces[image.piece_count - 1].end;
    if (begin < before && (!shares || begin + kPageSize != before)) return false;
  }
  image.pieces[image.piece_count++] = {begin, page_up(offset + size)};
  return true;
}

/// The number of the first piece from `image.next` on that begins there; piece_count for none.
uint32_t piece_at(const MemoryImage& image, uint64_t offset) {
  uint32_t number = image.next;
  while (number < image.piece_count && image.pieces[number].begin != offset) ++number;
  return number;
}

/// The page in which the piece before ended, once more.
long copy_last_page(const MemoryImage& image, uint64_t address) {
  const long at = sys(kSysMmap, address, kPageSize, kProtRead | kProtWrite,
                      kMapPrivate | kMapAnonymous | kMapFixed, -1, 0);
  if (failed(at)) return at;
  __builtin_memcpy(reinterpret_cast<void*>(address), reinterpret_cast<const void*>(image.last_page),
                   kPageSize);
  return 0;
}

}  // namespace

bool describe_image(unsigned char* bytes, uint64_t size, MemoryImage& image) {
  image = {};
  image.bytes = bytes;
  image.size = size;
  if (!is_elf(bytes, size)) return add_piece(image, 0, size, false);
  const ElfHeader& elf = *reinterpret_cast<const ElfHeader*>(bytes);
  const uint64_t table_size = elf.phnum * sizeof(ProgramHeader);
  if (elf.phoff > size || table_size > size - elf.phoff || elf.phoff % 8 != 0) return false;
  const ProgramHeader* headers = reinterpret_cast<const ProgramHeader*>(bytes + elf.phoff);
  bool shares = false;
  for (uint64_t i = 0; i < elf.phnum; ++i) {
    const ProgramHeader& header = headers[i];
    if (header.type != kPtLoad || header.filesz == 0) continue;
    if (header.offset > size || header.filesz > size - header.offset ||
        !add_piece(image, header.offset, header.filesz, shares)) {
      return false;
    }
    shares = header.memsz == header.filesz;
  }
  return true;
}

long map_image(MemoryImage& image, uint64_t address, uint64_t offset, uint64_t length,
               int protection) {
  const uint32_t number = piece_at(image, offset);
  if (number == image.piece_count || length == 0 || length > UINT64_MAX - offset - kPageSize) {
    return -kEINVAL;
  }
  const uint64_t end = page_up(offset + length);
  const uint64_t until = image.pieces[number].end < end ? image.pieces[number].end : end;
  uint64_t from = offset;
  if (from < image.gone) {
    if (from + kPageSize != image.gone || image.last_page == 0) return -kEINVAL;
    const long result = copy_last_page(image, address);
    if (failed(result)) return result;
    from += kPageSize;
  } else if (from > image.gone) {
    sys(kSysMunmap, image.bytes + image.gone, from - image.gone);
  }
  if (from < until) {
    const long moved = sys(kSysMremap, image.bytes + from, until - from, until - from,
                           kMremapMaymove | kMremapFixed, address + (from - offset));
    if (failed(moved)) return moved;
  }
  image.next = number + 1;
  image.gone = until;
  image.last_page = (protection & kProtRead) != 0 ? address + (until - offset) - kPageSize : 0;
  const long result = sys(kSysMprotect, address, until - offset, protection);
  return failed(result) ? result : static_cast<long>(until - offset);
}

void release_image(MemoryImage& image) {
  const uint64_t end = page_up(image.size);
  if (image.bytes != nullptr && image.gone < end) {
    sys(kSysMunmap, image.bytes + image.gone, end - image.gone);
  }
  image.bytes = nullptr;
}

}  // namespace scratchpack
