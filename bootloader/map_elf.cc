#include "bootloader/map_elf.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/format.h"

namespace scratchpack {
namespace {

constexpr int kMostHeaders = 64;

constexpr uint64_t page_down(uint64_t value) { return value & ~(kPageSize - 1); }
constexpr uint64_t page_up(uint64_t value) { return page_down(value + kPageSize - 1); }

struct Extent {
  uint64_t low = UINT64_MAX;
  uint64_t high = 0;
  uint64_t align = kPageSize;
};

bool read_exactly(const ElfSource& source, void* to, uint64_t size, uint64_t offset) {
  if (source.memory.bytes == nullptr) {
    return sys(kSysPread64, source.file, to, size, source.offset + offset) ==
           static_cast<long>(size);
  }
  if (!source.memory.has(offset, size)) return false;
  __builtin_memcpy(to, source.memory.bytes + offset, size);
  return true;
}

bool read_headers(const ElfSource& source, ElfHeader& elf, ProgramHeader* headers) {
  const uint64_t size = source.size;
  if (size < sizeof elf || !read_exactly(source, &elf, sizeof elf, 0)) return false;
  if (elf.ident[0] != 0x7f || elf.ident[1] != 'E' || elf.ident[2] != 'L' || elf.ident[3] != 'F') {
    return false;
  }
  const uint64_t bytes = elf.phnum * sizeof(ProgramHeader);
  if (elf.phnum == 0 || elf.phnum > kMostHeaders || elf.phentsize != sizeof(ProgramHeader) ||
      elf.phoff > size || bytes > size - elf.phoff) {
    return false;
  }
  return read_exactly(source, headers, bytes, elf.phoff);
}

/// The addresses all segments span; false when a segment leaves the file or wraps around.
bool measure(const ElfHeader& elf, const ProgramHeader* headers, uint64_t size, Extent& extent) {
  constexpr uint64_t kLimit = uint64_t{1} << 47;
  for (int i = 0; i < elf.phnum; ++i) {
    const ProgramHeader& header = headers[i];
    if (header.type != kPtLoad) continue;
    if (header.vaddr >= kLimit || header.memsz >= kLimit || header.filesz > header.memsz ||
        header.offset > size || header.filesz > size - header.offset ||
        (header.vaddr - header.offset) % kPageSize != 0) {
      return false;
    }
    if (page_down(header.vaddr) < extent.low) extent.low = page_down(header.vaddr);
    if (header.vaddr + header.memsz > extent.high) extent.high = header.vaddr + header.memsz;
    const bool power = (header.align & (header.align - 1)) == 0;
    if (power && header.align > extent.align && header.align <= (uint64_t{1} << 30)) {
      extent.align = header.align;
    }
  }
  extent.high = page_up(extent.high);
  return extent.low < extent.high;
}

/// Where what the headers describe ends: segments, and the section headers, which linkers put last.
uint64_t described(const ElfHeader& elf, const ProgramHeader* headers) {
  const uint64_t sections = uint64_t{elf.shentsize} * elf.shnum;
  uint64_t end = elf.shoff > UINT64_MAX - sections ? UINT64_MAX : elf.shoff + sections;
  for (int i = 0; i < elf.phnum; ++i) {
    if (headers[i].type != kPtLoad) continue;  // measured: it stays in the file
    if (headers[i].offset + headers[i].filesz > end) end = headers[i].offset + headers[i].filesz;
  }
  return end;
}

/// Reserves the span, aligned as the file asks. The result is the address of extent.low.
long reserve(const ElfHeader& elf, const Extent& extent) {
  const uint64_t span = extent.high - extent.low;
  constexpr int kReserve = kMapPrivate | kMapAnonymous;
  if (elf.type == kEtExec) {
    const long at = sys(kSysMmap, extent.low, span, 0, kReserve | kMapFixedNoreplace, -1, 0);
    if (failed(at)) return at;
    if (static_cast<uint64_t>(at) == extent.low) return at;
    sys(kSysMunmap, at, span);  // a kernel that does not know NOREPLACE
    return -kEEXIST;
  }
  const uint64_t slack = extent.align > kPageSize ? extent.align : 0;
  const long at = sys(kSysMmap, 0, span + slack, 0, kReserve, -1, 0);
  if (failed(at) || slack == 0) return at;
  const uint64_t first = static_cast<uint64_t>(at);
  // low itself may lie at an odd place within its alignment; keep that place.
  const uint64_t wanted = extent.low & (extent.align - 1);
  uint64_t start = (first & ~(extent.align - 1)) + wanted;
  if (start < first) start += extent.align;
  if (start > first) sys(kSysMunmap, first, start - first);
  const uint64_t end = first + span + slack;
  if (end > start + span) sys(kSysMunmap, start + span, end - start - span);
  return static_cast<long>(start);
}

long map_pages(ElfSource& source, uint64_t address, uint64_t offset, uint64_t length,
               int protection) {
  if (source.memory.bytes != nullptr) {
    const long mapped = map_image(source.memory, address, offset, length, protection);
    return failed(mapped) ? mapped : 0;
  }
  const long at = sys(kSysMmap, address, length, protection, kMapPrivate | kMapFixed, source.file,
                      source.offset + offset);
  return failed(at) ? at : 0;
}

long map_segment(ElfSource& source, const ProgramHeader& header, uint64_t base) {
  const int protection = ((header.flags & kPfRead) ? kProtRead : 0) |
                         ((header.flags & kPfWrite) ? kProtWrite : 0) |
                         ((header.flags & kPfExec) ? kProtExec : 0);
  const uint64_t address = base + header.vaddr;
  const uint64_t start = page_down(address);
  const uint64_t file_end = address + header.filesz;
  const uint64_t memory_end = address + header.memsz;
  if (header.filesz != 0) {
    const long result =
        map_pages(source, start, page_down(header.offset), page_up(file_end) - start, protection);
    if (failed(result)) return result;
  }
  if (memory_end <= file_end) return 0;
  const uint64_t zero_from = header.filesz != 0 ? page_up(file_end) : start;
  if (header.filesz != 0 && (header.flags & kPfWrite) != 0 && zero_from > file_end) {
    __builtin_memset(reinterpret_cast<void*>(file_end), 0, zero_from - file_end);
  }
  if (page_up(memory_end) <= zero_from) return 0;
  const long at = sys(kSysMmap, zero_from, page_up(memory_end) - zero_from, protection,
                      kMapPrivate | kMapFixed | kMapAnonymous, -1, 0);
  return failed(at) ? at : 0;
}

}  // namespace

long map_elf(ElfSource& source, MappedElf& mapped) {
  ElfHeader elf;
  ProgramHeader headers[kMostHeaders];
  Extent extent;
  if (!read_headers(source, elf, headers) || !measure(elf, headers, source.size, extent)) {
    return -kENOEXEC;
  }
  const long start = reserve(elf, extent);
  if (failed(start)) return start;
  mapped.base = elf.type == kEtExec ? 0 : static_cast<uint64_t>(start) - extent.low;
  mapped.entry = mapped.base + elf.entry;
  mapped.header_count = elf.phnum;
  mapped.has_appendix = source.size > described(elf, headers);
  for (int i = 0; i < elf.phnum; ++i) {
    const ProgramHeader& header = headers[i];
    if (header.type == kPtGnuStack && (header.flags & kPfExec) != 0) mapped.executable_stack = true;
    if (header.type != kPtLoad) continue;
    const long result = map_segment(source, header, mapped.base);
    if (failed(result)) {
      sys(kSysMunmap, start, extent.high - extent.low);
      return result;
    }
    if (header.offset <= elf.phoff && elf.phoff - header.offset < header.filesz) {
      mapped.headers = mapped.base + header.vaddr + elf.phoff - header.offset;
    }
  }
  release_image(source.memory);
  return 0;
}

}  // namespace scratchpack
