#include "runtime/arena.h"

#include "runtime/arch/x86_64/syscall.h"
#include "runtime/decode.h"
#include "runtime/gate.h"
#include "runtime/workers.h"

namespace scratchpack {
namespace {

constexpr uint32_t kMostArenas = kMostWorkers;
constexpr uint32_t kMostFiles = 1024;
constexpr uint32_t kMostJobs = 4096;
constexpr uint64_t kWorthThreads =
    1500000;  // bytes; below, a second thread costs more than it saves

struct File {
  uint32_t entry;
  uint32_t arena;
  uint64_t offset;
  bool taken;
};

struct Job {
  uint32_t entry;
  uint32_t frame;
  uint32_t arena;
  uint64_t offset;
};

struct Arenas {
  long descriptors[kMostArenas];
  uint64_t sizes[kMostArenas];
  uint32_t count;
  uint32_t file_count;
  uint32_t left;
  File files[kMostFiles];
};
Arenas arenas;

/// Shared by the decoding threads; lives in the work area, given back before the jump.
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
    const Entry& entry = work.payload->entries[job.entry];
    const Frame& frame = work.payload->frames[job.frame];
    long result = decode_frame(*work.payload, worker.decoder, entry, frame, worker.buffer);
    if (result == 0) {
      result = write_all(arenas.descriptors[job.arena], worker.buffer, frame.size,
                         job.offset + frame.position);
    }
    if (result != 0) __atomic_store_n(&work.error, result, __ATOMIC_RELAXED);
  }
}

/// Gives every compressed start file a place in the emptiest arena and lists its frames.
long plan_jobs(const Payload& payload, const Entry& program, Work& work, uint64_t& largest) {
  for (uint32_t i = 0; i < program.listed_count; ++i) {
    const uint32_t number = payload.lists[program.first_listed + i];
    if (number >= payload.header->entry_count) return -kEIO;
    const Entry& entry = payload.entries[number];
    if (!valid_entry(payload, entry) || entry.kind != kKindFile) return -kEIO;
    if (entry.method != kMethodZstd) continue;
    if (arenas.file_count == kMostFiles) return 0;  // the rest is decoded when it is opened
    uint32_t arena = 0;
    for (uint32_t k = 1; k < arenas.count; ++k) {
      if (arenas.sizes[k] < arenas.sizes[arena]) arena = k;
    }
    if (work.job_count + entry.frame_count > kMostJobs) return 0;
    for (uint32_t k = 0; k < entry.frame_count; ++k) {
      const uint32_t frame = entry.first_frame + k;
      if (!valid_frame(payload, entry, payload.frames[frame])) return -kEIO;
      if (payload.frames[frame].size > largest) largest = payload.frames[frame].size;
      work.jobs[work.job_count++] = {number, frame, arena, arenas.sizes[arena]};
    }
    arenas.files[arenas.file_count++] = {number, arena, arenas.sizes[arena], false};
    arenas.sizes[arena] += round_up(entry.image_size, kPageSize);
  }
  return 0;
}

/// Largest frames first, so that no core is left alone with a large one at the end.
void sort_jobs(const Payload& payload, Work& work) {
  for (uint32_t i = 1; i < work.job_count; ++i) {
    const Job job = work.jobs[i];
    uint32_t at = i;
    while (at > 0 &&
           payload.frames[work.jobs[at - 1].frame].size < payload.frames[job.frame].size) {
      work.jobs[at] = work.jobs[at - 1];
      --at;
    }
    work.jobs[at] = job;
  }
}

long make_arenas(uint32_t count) {
  arenas.count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const long file = sys(kSysMemfdCreate, "bundle", 1);  // MFD_CLOEXEC
    if (failed(file)) {
      if (i > 0) return 0;  // few descriptors allowed: one arena does
      return file;
    }
    // Out of the way of descriptors that the linker is about to get, where that is allowed.
    const long high = sys(kSysFcntl, file, 1030, 40);  // F_DUPFD_CLOEXEC
    if (!failed(high)) sys(kSysClose, file);
    arenas.descriptors[i] = failed(high) ? file : high;
    arenas.sizes[i] = 0;
    arenas.count = i + 1;
  }
  return 0;
}

}  // namespace

long fill_arenas(const Payload& payload, const Entry& program) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < program.listed_count; ++i) {
    const uint32_t number = payload.lists[program.first_listed + i];
    if (number >= payload.header->entry_count) return -kEIO;
    const Entry& entry = payload.entries[number];
    if (entry.method == kMethodZstd) total += entry.image_size;
  }
  if (total == 0) return 0;
  const uint32_t threads = total < kWorthThreads ? 1 : processors();
  long result = make_arenas(threads);
  if (failed(result)) return result;
  const long area =
      sys(kSysMmap, 0, sizeof(Work), kProtRead | kProtWrite, kMapPrivate | kMapAnonymous, -1, 0);
  if (failed(area)) return area;
  Work& work = *reinterpret_cast<Work*>(area);
  work.payload = &payload;
  uint64_t largest = 0;
  result = plan_jobs(payload, program, work, largest);
  for (uint32_t i = 0; result == 0 && i < arenas.count; ++i) {
    // Sized first: a read past the decoded bytes then sees zeros, as behind any file's end.
    result = sys(kSysFtruncate, arenas.descriptors[i], arenas.sizes[i]);
  }
  if (result == 0) {
    sort_jobs(payload, work);
    result = run_workers(decode_jobs, &work, largest,
                         threads < work.job_count ? threads : work.job_count);
    if (result == 0) result = work.error;
  }
  sys(kSysMunmap, area, sizeof(Work));
  arenas.left = arenas.file_count;
  return result;
}

bool arenas_open() { return arenas.count != 0; }

bool find_in_arenas(const Payload& payload, const Entry& entry, ArenaFile& found) {
  if (arenas.count == 0) return false;
  const uint32_t number = payload.number(entry);
  for (uint32_t i = 0; i < arenas.file_count; ++i) {
    const File& file = arenas.files[i];
    if (file.entry == number) {
      found = {arenas.descriptors[file.arena], file.offset};
      return true;
    }
  }
  return false;
}

void take_from_arenas(const Payload& payload, const Entry& entry) {
  const uint32_t number = payload.number(entry);
  for (uint32_t i = 0; i < arenas.file_count; ++i) {
    File& file = arenas.files[i];
    if (file.entry != number || file.taken) continue;
    file.taken = true;
    if (--arenas.left == 0) close_arenas();
    return;
  }
}

void close_arenas() {
  const uint32_t count = __atomic_exchange_n(&arenas.count, 0, __ATOMIC_ACQ_REL);
  for (uint32_t i = 0; i < count; ++i) sys(kSysClose, arenas.descriptors[i]);
  gate.ask = 0;
}

}  // namespace scratchpack
