#include "runtime/branches.h"

namespace scratchpack {
namespace {

constexpr uint64_t kOperand = 4;  // bytes behind the opcode

/// Whether any of 8 bytes is e8 or e9.
bool holds_opcode(const unsigned char* bytes) {
  constexpr uint64_t kEach = 0x0101010101010101;
  uint64_t word;
  __builtin_memcpy(&word, bytes, sizeof word);
  word = (word & (kEach * 0xfe)) ^ (kEach * 0xe8);  // 0 where one is
  return ((word - kEach) & ~word & (kEach * 0x80)) != 0;
}

int64_t to_absolute(int64_t distance, int64_t at, int64_t limit) {
  return distance < limit - at ? distance + at : distance - limit;
}

int64_t to_relative(int64_t target, int64_t at, int64_t limit) {
  return target >= 0 ? target - at : target + limit;
}

template <int64_t (*kChange)(int64_t, int64_t, int64_t)>
void change_branches(unsigned char* bytes, uint64_t size, uint64_t position, uint64_t file_size) {
  const uint64_t limit = file_size < INT32_MAX ? file_size : INT32_MAX;
  if (size > limit || position > limit - size) return;  // so no sum below overflows
  for (uint64_t i = 0; size - i > kOperand;) {
    if (size - i >= 8 && !holds_opcode(bytes + i)) {
      i += 8;
      continue;
    }
    if ((bytes[i++] & 0xfe) != 0xe8) continue;
    if (size - i < kOperand) return;
    int32_t operand;
    __builtin_memcpy(&operand, bytes + i, kOperand);
    const int64_t at = static_cast<int64_t>(position + i + kOperand);
    const int64_t end = static_cast<int64_t>(limit);
    if (operand >= -at && operand < end) {
      operand = static_cast<int32_t>(kChange(operand, at, end));
      __builtin_memcpy(bytes + i, &operand, kOperand);
    }
    i += kOperand;  // also of what stayed: both directions must see the same opcodes
  }
}

}  // namespace

void branches_to_absolute(unsigned char* bytes, uint64_t size, uint64_t position,
                          uint64_t file_size) {
  change_branches<to_absolute>(bytes, size, position, file_size);
}

void branches_to_relative(unsigned char* bytes, uint64_t size, uint64_t position,
                          uint64_t file_size) {
  change_branches<to_relative>(bytes, size, position, file_size);
}

}  // namespace scratchpack
