// Threads for decoding before the program starts: raw ones that no library knows of, each with a
// decoder and a buffer. They are gone before anything else runs.
#pragma once

#include <stdint.h>

namespace scratchpack {

inline constexpr uint32_t kMostWorkers = 8;

/// What one thread works with.
struct Worker {
  void* shared;           ///< as given to run_workers
  void* decoder;          ///< see decode.h
  unsigned char* buffer;  ///< of the size asked for; nullptr when that is 0
};

/// Processors this process may use, at most kMostWorkers.
uint32_t processors();

/// Runs `work` in up to `threads` threads, this one among them, and returns when all have ended.
/// Where no thread can be made (nproc limit) this one does it alone. 0, or -errno when there is no
/// memory for it.
long run_workers(void (*work)(const Worker&), void* shared, uint64_t buffer_size, uint32_t threads);

}  // namespace scratchpack
