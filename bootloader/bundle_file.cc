#include "bootloader/bundle_file.h"

#include "runtime/arch/x86_64/syscall.h"

namespace scratchpack {
namespace {

constexpr long kSysFadvise64 = 221;
constexpr long kSysPreadv2 = 327;
constexpr long kFadviseWillneed = 3;
constexpr long kReadNowait = 8;
constexpr long kEAGAIN = 11;

struct Piece {
  void* bytes;
  uint64_t size;
};

}  // namespace

bool is_whole(long file, uint64_t payload_offset, uint64_t payload_size) {
  KernelStat status;
  return failed(file) || sys(kSysFstat, file, &status) != 0 ||
         status.size >= static_cast<int64_t>(payload_offset + payload_size);
}

void read_ahead(long file, uint64_t payload_offset, uint64_t payload_size,
                const PayloadHeader& header) {
  const uint64_t size = header.start_size;
  if (failed(file) || size == 0 || size > payload_size) return;
  char byte;
  const Piece piece = {&byte, 1};
  // Asked of the file, not of mincore(2), which answers to the file's owner only.
  const long result = sys(kSysPreadv2, file, &piece, 1, payload_offset + size - 1, 0, kReadNowait);
  if (result == -kEAGAIN) sys(kSysFadvise64, file, payload_offset, size, kFadviseWillneed);
}

}  // namespace scratchpack
