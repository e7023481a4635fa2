// The handful of string operations the runtime needs, without a C library.
#pragma once

#include <stdint.h>

namespace scratchpack {

inline uint64_t text_length(const char* text) {
  uint64_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

inline bool text_equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

/// What follows `prefix` in `text`, or nullptr when text does not begin with it.
inline const char* text_after(const char* text, const char* prefix) {
  while (*prefix != 0) {
    if (*text++ != *prefix++) return nullptr;
  }
  return text;
}

inline const char* last_component(const char* path) {
  const char* name = path;
  for (; *path != 0; ++path) {
    if (*path == '/') name = path + 1;
  }
  return name;
}

/// Text put together in a buffer of fixed size. Too long is remembered, never written.
class TextBuilder {
 public:
  TextBuilder(char* buffer, uint64_t size) : buffer_(buffer), size_(size) { buffer_[0] = 0; }
  TextBuilder& add(const char* text, uint64_t length) {
    if (length >= size_ - length_) {
      overflow_ = true;
      return *this;
    }
    for (uint64_t i = 0; i < length; ++i) buffer_[length_ + i] = text[i];
    length_ += length;
    buffer_[length_] = 0;
    return *this;
  }
  TextBuilder& add(const char* text) { return add(text, text_length(text)); }
  TextBuilder& add_number(uint64_t number) {
    char digits[20];
    uint64_t count = 0;
    do {
      digits[19 - count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return add(digits + 20 - count, count);
  }
  /// Back to an earlier length().
  void cut(uint64_t length) {
    length_ = length;
    buffer_[length_] = 0;
  }
  bool fits() const { return !overflow_; }
  uint64_t length() const { return length_; }
  const char* text() const { return buffer_; }

 private:
  char* buffer_;
  uint64_t size_;
  uint64_t length_ = 0;
  bool overflow_ = false;
};

}  // namespace scratchpack
