#include "runtime/workers.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/decode.h"
#include "runtime/format.h"

namespace scratchpack {
namespace {

constexpr uint64_t kStackSize = 64 * 1024;
constexpr uint64_t kHugePage = uint64_t{2} << 20;

constexpr uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) & ~(to - 1); }

/// The first page of a thread's memory; the decoder follows, its stack comes down from the end.
struct Thread {
  Worker worker;
  void (*work)(const Worker&);
  int running;  // cleared and woken by the kernel when the thread is gone
};

uint64_t thread_size() { return kPageSize + round_up(decoder_size(), kPageSize) + kStackSize; }

/// One area for all buffers. Large ones get huge pages where the kernel has them to give: a frame's
/// bytes are written once and read once, and a fault for every 4 KiB costs as much as that.
struct Buffers {
  uint64_t each = 0;
  long area = 0;
  uint64_t size = 0;
  unsigned char* first = nullptr;

  long map(uint64_t buffer_size, uint32_t count) {
    const bool huge = buffer_size >= kHugePage;
    each = round_up(buffer_size, huge ? kHugePage : kPageSize);
    size = each * count + (huge ? kHugePage : 0);
    if (size == 0) return 0;
    area = sys(kSysMmap, 0, size, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
    if (failed(area)) return area;
    const uint64_t begin = static_cast<uint64_t>(area);
    const uint64_t aligned = huge ? round_up(begin, kHugePage) : begin;
    if (huge) sys(kSysMadvise, aligned, each * count, kMadviseHugePage);
    first = reinterpret_cast<unsigned char*>(aligned);
    return 0;
  }
  void unmap() const {
    if (size != 0) sys(kSysMunmap, area, size);
  }
};

}  // namespace

extern "C" void scratchpack_run_thread(void* memory) {
  Thread& thread = *static_cast<Thread*>(memory);
  thread.worker.decoder = make_decoder(static_cast<unsigned char*>(memory) + kPageSize);
  thread.work(thread.worker);
}

// long scratchpack_start_thread(char* stack_top, void* memory, int* running): a raw thread that
// runs scratchpack_run_thread(memory) and exits.
extern "C" long scratchpack_start_thread(void* stack_top, void* memory, int* running);
__asm__(
    ".text\n"
    ".globl scratchpack_start_thread\n"
    ".hidden scratchpack_start_thread\n"
    "scratchpack_start_thread:\n"
    "  mov %rsi, %r8\n"        // survives the call: the thread's argument
    "  mov %rdx, %r10\n"       // child_tid: CLONE_CHILD_CLEARTID
    "  mov %rdi, %rsi\n"       // stack
    "  mov $0x250f00, %edi\n"  // VM FS FILES SIGHAND THREAD SYSVSEM CHILD_CLEARTID
    "  xor %edx, %edx\n"
    "  mov $56, %eax\n"
    "  syscall\n"
    "  test %rax, %rax\n"
    "  jz 1f\n"
    "  ret\n"
    "1:\n"
    "  xor %ebp, %ebp\n"
    "  mov %r8, %rdi\n"
    "  call scratchpack_run_thread\n"
    "  xor %edi, %edi\n"
    "  mov $60, %eax\n"
    "  syscall\n"
    "  hlt\n");

uint32_t processors() {
  uint64_t mask[16] = {};
  const long size = sys(kSysSchedGetaffinity, 0, sizeof mask, mask);
  uint32_t count = 0;
  for (long i = 0; i < size / 8; ++i) {
    for (uint64_t bits = mask[i]; bits != 0; bits &= bits - 1) ++count;
  }
  return count == 0 ? 1 : count > kMostWorkers ? kMostWorkers : count;
}

long run_workers(void (*work)(const Worker&), void* shared, uint64_t buffer_size,
                 uint32_t threads) {
  if (threads == 0) return 0;
  Buffers buffers;
  const long result = buffers.map(buffer_size, threads);
  if (failed(result)) return result;
  const uint64_t each = thread_size();
  const long area =
      sys(kSysMmap, 0, each * threads, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  if (failed(area)) {
    buffers.unmap();
    return area;
  }
  unsigned char* memory = reinterpret_cast<unsigned char*>(area);
  for (uint32_t i = 0; i < threads; ++i) {
    Thread& thread = *reinterpret_cast<Thread*>(memory + i * each);
    unsigned char* buffer = buffer_size == 0 ? nullptr : buffers.first + i * buffers.each;
    thread.worker = {shared, nullptr, buffer};
    thread.work = work;
    if (i == 0) continue;
    thread.running = 1;
    unsigned char* stack = memory + (i + 1) * each - 16;
    if (failed(scratchpack_start_thread(stack, &thread, &thread.running))) thread.running = 0;
  }
  scratchpack_run_thread(memory);
  for (uint32_t i = 1; i < threads; ++i) {
    int* running = &reinterpret_cast<Thread*>(memory + i * each)->running;
    while (__atomic_load_n(running, __ATOMIC_ACQUIRE) != 0) sys(kSysFutex, running, 0, 1, 0);
  }
  sys(kSysMunmap, area, each * threads);
  buffers.unmap();
  return 0;
}

}  // namespace scratchpack
