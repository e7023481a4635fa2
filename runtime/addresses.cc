#include "runtime/addresses.h"

#include <emmintrin.h>

namespace scratchpack {
namespace {

constexpr uint64_t kDistance = 4;  // bytes behind the opcode
constexpr int64_t kNear = 2048;    // bytes
constexpr uint64_t kIndexHead = 12;
constexpr uint64_t kPair = 8;

/// An instruction's bytes before its distance; 0: none of ours.
struct Opcode {
  uint64_t size;
  int64_t near;  // distances nearer than this stay
};

bool moves_vector(unsigned opcode) {
  return (opcode & 0xf8) == 0x10 || (opcode & 0xf8) == 0x28 || (opcode >= 0x51 && opcode <= 0x5f) ||
         opcode == 0x6f || opcode == 0x7f;
}

constexpr uint64_t kAhead = 16;

__m128i all(int byte) { return _mm_set1_epi8(static_cast<char>(byte)); }

/// Where in each of 16 bytes these bits are this.
__m128i where(__m128i bytes, int bits, int value) {
  return _mm_cmpeq_epi8(_mm_and_si128(bytes, all(bits)), all(value));
}

__m128i load(const unsigned char* bytes) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// Up to the first of 16 bytes with which an opcode or an index may begin; 16 when there is none.
/// Two more are there. Byte by byte, what is guessed wrong takes longer than decoding.
uint64_t bytes_to_opcode(const unsigned char* bytes) {
  const __m128i first = load(bytes);
  const __m128i second = load(bytes + 1);
  const __m128i from_here = where(load(bytes + 2), 0xc7, 0x05);  // ModRM: [rip + distance]
  const __m128i wide = _mm_and_si128(where(first, 0xf8, 0x48), from_here);
  const __m128i jump = where(second, 0xf0, 0x80);
  const __m128i two = _mm_and_si128(where(first, 0xff, 0x0f), _mm_or_si128(jump, from_here));
  const __m128i index = _mm_and_si128(where(first, 0xff, 0x01), where(second, 0xff, 0x1b));
  const __m128i found =
      _mm_or_si128(_mm_or_si128(where(first, 0xfe, 0xe8), wide), _mm_or_si128(two, index));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
  return mask == 0 ? kAhead : static_cast<uint64_t>(__builtin_ctz(mask));
}

/// More than kDistance bytes are there.
Opcode opcode_at(const unsigned char* bytes) {
  if (bytes[0] == 0xe8) return {1, 0};
  if (bytes[0] == 0xe9) return {1, kNear};
  if (bytes[0] == 0x0f) {
    if ((bytes[1] & 0xf0) == 0x80) return {2, kNear};
    return {(bytes[2] & 0xc7) == 0x05 && moves_vector(bytes[1]) ? 3U : 0U, 0};
  }
  if ((bytes[0] & 0xf8) != 0x48 || (bytes[2] & 0xc7) != 0x05) return {0, 0};
  return {bytes[1] == 0x89 || bytes[1] == 0x8b || bytes[1] == 0x8d ? 3U : 0U, 0};
}

int64_t to_absolute(int64_t distance, int64_t at, int64_t limit) {
  return distance < limit - at ? distance + at : distance - limit;
}

int64_t to_relative(int64_t target, int64_t at, int64_t limit) {
  return target >= 0 ? target - at : target + limit;
}

bool is_near(int64_t distance, int64_t near) { return distance > -near && distance < near; }

template <int64_t (*kChange)(int64_t, int64_t, int64_t)>
void change_distance(unsigned char* bytes, int64_t at, int64_t limit, int64_t near) {
  int32_t number;
  __builtin_memcpy(&number, bytes, kDistance);
  if (number < -at || number >= limit || is_near(number, near)) return;
  int64_t changed = number;
  // Ends: a permutation comes back to where it began, which was not near. Each step moves by `at`
  // or `limit`, so that few lead through what is near.
  do {
    changed = kChange(changed, at, limit);
  } while (is_near(changed, near));
  number = static_cast<int32_t>(changed);
  __builtin_memcpy(bytes, &number, kDistance);
}

/// Bytes of an index of unwind entries, of one that is not whole only those of its head: a search
/// that went on there might change the count. 0: there is none.
uint64_t index_size(const unsigned char* bytes, uint64_t left) {
  static constexpr unsigned char kBegin[] = {0x01, 0x1b, 0x03, 0x3b};
  if (left < kIndexHead || __builtin_memcmp(bytes, kBegin, sizeof kBegin) != 0) return 0;
  uint32_t count;
  __builtin_memcpy(&count, bytes + 8, sizeof count);
  return count <= (left - kIndexHead) / kPair ? kIndexHead + count * kPair : kIndexHead;
}

void add(unsigned char* to, const unsigned char* from, uint32_t sign) {
  uint32_t sum;
  uint32_t other;
  __builtin_memcpy(&sum, to, sizeof sum);
  __builtin_memcpy(&other, from, sizeof other);
  sum += sign * other;
  __builtin_memcpy(to, &sum, sizeof sum);
}

/// Each number less the one a pair before it.
void index_to_differences(unsigned char* index, uint64_t size) {
  for (uint64_t i = size; i >= kIndexHead + kPair + 4; i -= 4) {
    add(index + i - 4, index + i - 4 - kPair, UINT32_MAX);
  }
}

void index_to_sums(unsigned char* index, uint64_t size) {
  for (uint64_t i = kIndexHead + kPair; i < size; i += 4) add(index + i, index + i - kPair, 1);
}

template <int64_t (*kChange)(int64_t, int64_t, int64_t), void (*kIndex)(unsigned char*, uint64_t)>
void change_addresses(unsigned char* bytes, uint64_t size, uint64_t position, uint64_t file_size) {
  const uint64_t limit = file_size < INT32_MAX ? file_size : INT32_MAX;
  if (size > limit || position > limit - size) return;  // so no sum below overflows
  for (uint64_t i = 0; size - i > kDistance;) {
    if (size - i >= kAhead + 2) {
      const uint64_t skip = bytes_to_opcode(bytes + i);
      i += skip;
      if (skip == kAhead) continue;
      if (size - i <= kDistance) return;
    }
    const Opcode opcode = opcode_at(bytes + i);
    if (opcode.size == 0) {
      const uint64_t index = index_size(bytes + i, size - i);
      if (index > kIndexHead) kIndex(bytes + i, index);
      i += index == 0 ? 1 : index;
      continue;
    }
    i += opcode.size;
    if (size - i < kDistance) return;
    change_distance<kChange>(bytes + i, static_cast<int64_t>(position + i + kDistance),
                             static_cast<int64_t>(limit), opcode.near);
    i += kDistance;  // also of what stayed: both directions must see the same opcodes
  }
}

}  // namespace

void addresses_to_absolute(unsigned char* bytes, uint64_t size, uint64_t position,
                           uint64_t file_size) {
  change_addresses<to_absolute, index_to_differences>(bytes, size, position, file_size);
}

void addresses_to_relative(unsigned char* bytes, uint64_t size, uint64_t position,
                           uint64_t file_size) {
  change_addresses<to_relative, index_to_sums>(bytes, size, position, file_size);
}

void branches_to_relative(unsigned char* bytes, uint64_t size, uint64_t position,
                          uint64_t file_size) {
  const uint64_t limit = file_size < INT32_MAX ? file_size : INT32_MAX;
  if (size > limit || position > limit - size) return;
  for (uint64_t i = 0; size - i > kDistance;) {
    if ((bytes[i++] & 0xfe) != 0xe8) continue;
    if (size - i < kDistance) return;
    change_distance<to_relative>(bytes + i, static_cast<int64_t>(position + i + kDistance),
                                 static_cast<int64_t>(limit), 0);
    i += kDistance;
  }
}

}  // namespace scratchpack
