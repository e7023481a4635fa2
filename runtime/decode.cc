#include "runtime/decode.h"

#include "runtime/addresses.h"
#include "runtime/arch/x86_64/syscall.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

namespace scratchpack {
namespace {

constexpr uint64_t kStackSize = 64 * 1024;
constexpr uint64_t kRegisterArea = 512;  // fxsave

constexpr uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) & ~(to - 1); }

struct Job {
  const Payload* payload;
  const Entry* entry;
  long file;
  uint64_t position;
  unsigned char* work;  // decoder, then output
  long result;
};

long decode_all(Job& job) {
  void* decoder = make_decoder(job.work);
  unsigned char* out = job.work + round_up(decoder_size(), kPageSize);
  for (uint32_t i = 0; i < job.entry->frame_count; ++i) {
    const Frame& frame = job.payload->frames[job.entry->first_frame + i];
    long result = decode_frame(*job.payload, decoder, *job.entry, frame, out);
    if (result == 0) result = write_all(job.file, out, frame.size, job.position + frame.position);
    if (result != 0) return result;
  }
  return 0;
}

}  // namespace

extern "C" void scratchpack_decode_job(void* job) {
  Job& decode = *static_cast<Job*>(job);
  decode.result = decode_all(decode);
}

// void scratchpack_on_stack(Job*, char* top): calls scratchpack_decode_job(job) on the stack that
// ends at `top`, where the vector registers are kept meanwhile (the zstd library may use SSE; a
// system call must not change them).
extern "C" void scratchpack_on_stack(void* job, void* top);
__asm__(
    ".text\n"
    ".globl scratchpack_on_stack\n"
    ".hidden scratchpack_on_stack\n"
    "scratchpack_on_stack:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n"
    "  fxsave (%rsi)\n"
    "  mov %rsi, %rsp\n"
    "  push %rsi\n"
    "  push %rbp\n"
    "  call scratchpack_decode_job\n"
    "  pop %rbp\n"
    "  pop %rsi\n"
    "  fxrstor (%rsi)\n"
    "  mov %rbp, %rsp\n"
    "  pop %rbp\n"
    "  ret\n");

uint64_t decoder_size() { return ZSTD_estimateDCtxSize() + 64; }

void* make_decoder(void* memory) { return ZSTD_initStaticDCtx(memory, decoder_size()); }

long decode_frame(const Payload& payload, void* decoder, const Entry& entry, const Frame& frame,
                  unsigned char* out) {
  if (decoder == nullptr || !valid_frame(payload, entry, frame)) return -kEIO;
  const size_t size = ZSTD_decompressDCtx(static_cast<ZSTD_DCtx*>(decoder), out, frame.size,
                                          payload.base + frame.offset, frame.stored);
  if (ZSTD_isError(size) || size != frame.size) return -kEIO;
  if ((entry.flags & kFlagBranches) != 0) {
    branches_to_relative(out, frame.size, frame.position, entry.image_size);
  } else if ((entry.flags & kFlagAddresses) != 0) {
    addresses_to_relative(out, frame.size, frame.position, entry.image_size);
  }
  return 0;
}

long write_all(long file, const unsigned char* bytes, uint64_t size, uint64_t position) {
  while (size > 0) {
    long count = sys(kSysPwrite64, file, bytes, size, position);
    if (count == -4) continue;  // EINTR
    if (count <= 0) return count == 0 ? -kENOSPC : count;
    bytes += count;
    position += static_cast<uint64_t>(count);
    size -= static_cast<uint64_t>(count);
  }
  return 0;
}

long decode_entry_to_file(const Payload& payload, const Entry& entry, long file,
                          uint64_t position) {
  uint64_t largest = 0;
  for (uint32_t i = 0; i < entry.frame_count; ++i) {
    const Frame& frame = payload.frames[entry.first_frame + i];
    if (!valid_frame(payload, entry, frame)) return -kEIO;
    if (frame.size > largest) largest = frame.size;
  }
  const uint64_t size = kPageSize + kStackSize + kRegisterArea +
                        round_up(decoder_size(), kPageSize) + round_up(largest, kPageSize) +
                        kPageSize;
  const long area =
      sys(kSysMmap, 0, size, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  if (failed(area)) return area;
  sys(kSysMprotect, area, kPageSize, 0);  // the guard below the stack
  unsigned char* top = reinterpret_cast<unsigned char*>(area) + kPageSize + kStackSize;
  unsigned char* work = reinterpret_cast<unsigned char*>(
      round_up(reinterpret_cast<uint64_t>(top) + kRegisterArea, kPageSize));
  Job job = {&payload, &entry, file, position, work, 0};
  scratchpack_on_stack(&job, top);
  sys(kSysMunmap, area, size);
  return job.result;
}

}  // namespace scratchpack
