// Independent pieces of work, shared out among threads.
#pragma once

#include <cstddef>
#include <functional>

namespace scratchpack {

/// What one thread does with one piece of work, by its number.
using PieceOfWork = std::function<void(std::size_t)>;

/// Does the pieces 0 to count-1, each once, on up to `threads` threads (0: as many as the machine
/// has), this one included. `make_worker` is called once on each of them: what a worker needs for
/// itself (buffers, contexts) lives in the function that it returns. Returns when all are done; the
/// first exception stops the others soon, and is thrown from here.
void share_out(std::size_t count, unsigned threads,
               const std::function<PieceOfWork()>& make_worker);

}  // namespace scratchpack
