#include "bootloader/write_file.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/data_files.h"
#include "runtime/decode.h"
#include "runtime/elf.h"
#include "runtime/text.h"

namespace scratchpack {
namespace {

static_assert(kFrameSize <= kLargestPiece);
constexpr uint64_t kFaultedInOne = 64 * 1024;

/// All pages at once, where the kernel can (5.14): sixteen at a time is what single faults give.
void fault_in(const unsigned char* bytes, uint64_t size) {
  if (size <= kFaultedInOne) return;
  const uint64_t before = reinterpret_cast<uint64_t>(bytes) & (kPageSize - 1);
  sys(kSysMadvise, bytes - before, size + before, kMadvisePopulateRead);
}

/// Makes an extracted program's PT_INTERP name `linker`: in its own place when the path fits, else
/// behind the end of the file. The address the running program sees it at keeps the old name.
long name_linker(const Entry& entry, long file, const char* linker) {
  ElfHeader elf;
  if (sys(kSysPread64, file, &elf, sizeof elf, 0) != sizeof elf) return -kEIO;
  const uint64_t length = text_length(linker) + 1;
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(linker);
  for (uint64_t i = 0; i < elf.phnum; ++i) {
    ProgramHeader header;
    const uint64_t at = elf.phoff + i * sizeof header;
    if (at > entry.size || sizeof header > entry.size - at) return -kENOEXEC;
    if (sys(kSysPread64, file, &header, sizeof header, at) != sizeof header) return -kEIO;
    if (header.type != kPtInterp) continue;
    if (header.offset > entry.size || header.filesz > entry.size - header.offset) return -kENOEXEC;
    const bool fits = length <= header.filesz;
    if (!fits) header.offset = entry.size;
    header.filesz = header.memsz = length;
    const long result = write_all(file, bytes, length, header.offset);
    if (result != 0) return result;
    return write_all(file, reinterpret_cast<const unsigned char*>(&header), sizeof header, at);
  }
  return 0;
}

}  // namespace

uint64_t pieces_of(const Entry& entry) {
  const uint64_t count =
      entry.method == kMethodZstd
          ? entry.frame_count
          : entry.size / kLargestPiece + (entry.size % kLargestPiece != 0 ? 1 : 0);
  return count == 0 ? 1 : count;
}

uint64_t piece_size(const Payload& payload, const Entry& entry, uint64_t number) {
  if (entry.method == kMethodZstd) {
    return entry.frame_count == 0 ? 0 : payload.frames[entry.first_frame + number].size;
  }
  const uint64_t rest = entry.size - number * kLargestPiece;
  return rest < kLargestPiece ? rest : kLargestPiece;
}

long write_piece(const Payload& payload, const Entry& entry, uint64_t number, const Worker& worker,
                 long file) {
  const uint64_t size = piece_size(payload, entry, number);
  if (entry.method == kMethodRaw) {
    const uint64_t at = number * kLargestPiece;
    const unsigned char* from = payload.base + entry.offset + at;
    fault_in(from, size);
    return write_all(file, from, size, at);
  }
  if (size == 0) return 0;
  const Frame& frame = payload.frames[entry.first_frame + number];
  const long result = decode_frame(payload, worker.decoder, entry, frame, worker.buffer);
  return result != 0 ? result : write_all(file, worker.buffer, size, frame.position);
}

long finish_file(const Payload& payload, const Entry& entry, long file, const char* linker) {
  long result = restore_original(payload, entry, file);
  if (result == 0 && linker != nullptr && (entry.flags & kFlagProgram) != 0) {
    result = name_linker(entry, file, linker);
  }
  return result != 0 ? result : sys(kSysFchmod, file, entry.mode);
}

}  // namespace scratchpack
