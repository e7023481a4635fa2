#include "runtime/arena.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/decode.h"
#include "runtime/gate.h"
#include "runtime/process.h"
#include "runtime/workers.h"

namespace scratchpack {
namespace {

constexpr uint32_t kMostFiles = 1024;
constexpr uint32_t kMostJobs = 4096;
constexpr uint64_t kHugePage = uint64_t{2} << 20;
constexpr uint64_t kWorthThreads =
    1500000;  // bytes; below, a second thread costs more than it saves

struct File {
  uint32_t entry;
  int taken;
  unsigned char* bytes;
};

struct Arena {
  int open;
  uint32_t file_count;
  uint32_t left;
  File files[kMostFiles];
};
Arena arena;

struct Job {
  const Entry* entry;
  const Frame* frame;
  unsigned char* to;
};

/// Shared by the decoding threads; lives in memory of its own, given back before the jump.
struct Work {
  const Payload* payload;
  uint32_t job_count;
  uint32_t next;
  long error;
  Job jobs[kMostJobs];
};

constexpr uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) & ~(to - 1); }

void decode_jobs(const Worker& worker) {
  Work& work = *static_cast<Work*>(worker.shared);
  for (;;) {
    const uint32_t number = __atomic_fetch_add(&work.next, 1, __ATOMIC_RELAXED);
    if (number >= work.job_count) return;
    const Job& job = work.jobs[number];
    const long result = decode_frame(*work.payload, worker.decoder, *job.entry, *job.frame, job.to);
    if (result != 0) __atomic_store_n(&work.error, result, __ATOMIC_RELAXED);
  }
}

/// Lists the compressed start files with offsets in the arena for addresses, and checks their
/// frames. What does not fit into the tables is decoded when it is opened. The arena's size.
long plan_files(const Payload& payload, const Entry& program) {
  uint64_t size = 0;
  uint32_t jobs = 0;
  for (uint32_t i = 0; i < program.listed_count; ++i) {
    const uint32_t number = payload.lists[program.first_listed + i];
    if (number >= payload.header->entry_count) return -kEIO;
    const Entry& entry = payload.entries[number];
    if (!valid_entry(payload, entry) || entry.kind != kKindFile) return -kEIO;
    if (entry.method != kMethodZstd || entry.image_size == 0) continue;
    if (arena.file_count == kMostFiles || jobs + entry.frame_count > kMostJobs) break;
    for (uint32_t k = 0; k < entry.frame_count; ++k) {
      if (!valid_frame(payload, entry, payload.frames[entry.first_frame + k])) return -kEIO;
    }
    jobs += entry.frame_count;
    arena.files[arena.file_count++] = {number, 0, reinterpret_cast<unsigned char*>(size)};
    if (__builtin_add_overflow(size, round_up(entry.image_size, kPageSize), &size)) return -kENOMEM;
  }
  return size > INT64_MAX / 2 ? -kENOMEM : static_cast<long>(size);
}

/// Memory in huge pages where there are any to be had. 0 where it may never become executable.
long map_arena(uint64_t size) {
  const uint64_t slack = size >= kHugePage ? kHugePage : 0;
  const long area =
      sys(kSysMmap, 0, size + slack, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  if (failed(area)) return area;
  const uint64_t begin = static_cast<uint64_t>(area);
  const uint64_t at = round_up(begin, slack != 0 ? kHugePage : kPageSize);
  if (at > begin) sys(kSysMunmap, begin, at - begin);
  if (begin + slack > at) sys(kSysMunmap, at + size, begin + slack - at);
  const bool executable = sys(kSysMprotect, at, kPageSize, kProtRead | kProtExec) == 0 &&
                          sys(kSysMprotect, at, kPageSize, kProtRead | kProtWrite) == 0;
  if (!executable) {
    sys(kSysMunmap, at, size);
    return 0;
  }
  if (slack != 0) sys(kSysMadvise, at, size, kMadviseHugePage);
  return static_cast<long>(at);
}

/// Largest frames first, so that no core is left alone with a large one at the end.
void list_jobs(const Payload& payload, Work& work) {
  for (uint32_t i = 0; i < arena.file_count; ++i) {
    const File& file = arena.files[i];
    const Entry& entry = payload.entries[file.entry];
    for (uint32_t k = 0; k < entry.frame_count; ++k) {
      const Frame& frame = payload.frames[entry.first_frame + k];
      uint32_t at = work.job_count++;
      for (; at > 0 && work.jobs[at - 1].frame->size < frame.size; --at) {
        work.jobs[at] = work.jobs[at - 1];
      }
      work.jobs[at] = {&entry, &frame, file.bytes + frame.position};
    }
  }
}

long decode_files(const Payload& payload, uint64_t size) {
  const long area =
      sys(kSysMmap, 0, sizeof(Work), kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  if (failed(area)) return area;
  Work& work = *reinterpret_cast<Work*>(area);
  work.payload = &payload;
  list_jobs(payload, work);
  const uint32_t threads = size < kWorthThreads ? 1 : processors();
  long result =
      run_workers(decode_jobs, &work, 0, threads < work.job_count ? threads : work.job_count);
  if (result == 0) result = work.error;
  sys(kSysMunmap, area, sizeof(Work));
  return result;
}

}  // namespace

long fill_arena(const Payload& payload, const Entry& program) {
  const long size = plan_files(payload, program);
  if (size <= 0) return size;
  const long area = map_arena(static_cast<uint64_t>(size));
  if (area == 0) arena.file_count = 0;
  if (failed(area) || area == 0) return area;
  for (uint32_t i = 0; i < arena.file_count; ++i) arena.files[i].bytes += area;
  arena.left = arena.file_count;
  arena.open = 1;
  return decode_files(payload, static_cast<uint64_t>(size));
}

bool arena_open() { return __atomic_load_n(&arena.open, __ATOMIC_RELAXED) != 0; }

bool take_from_arena(const Payload& payload, const Entry& entry, MemoryImage& image) {
  if (!arena_open()) return false;
  const uint32_t number = payload.number(entry);
  for (uint32_t i = 0; i < arena.file_count; ++i) {
    File& file = arena.files[i];
    if (file.entry != number) continue;
    MemoryImage described;
    if (!describe_image(file.bytes, entry.image_size, described) ||
        __atomic_exchange_n(&file.taken, 1, __ATOMIC_ACQ_REL) != 0) {
      return false;
    }
    image = described;
    if (__atomic_sub_fetch(&arena.left, 1, __ATOMIC_ACQ_REL) == 0) close_arena();
    return true;
  }
  return false;
}

void close_arena() {
  if (__atomic_exchange_n(&arena.open, 0, __ATOMIC_ACQ_REL) == 0) return;
  for (uint32_t i = 0; i < arena.file_count; ++i) {
    File& file = arena.files[i];
    if (__atomic_exchange_n(&file.taken, 1, __ATOMIC_ACQ_REL) != 0) continue;
    const Entry& entry = process.payload.entries[file.entry];
    sys(kSysMunmap, file.bytes, round_up(entry.image_size, kPageSize));
  }
  gate.ask = 0;
}

}  // namespace scratchpack
