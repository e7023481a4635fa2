// The writing half of rewrite_unwind.h. The numbers are DWARF's call-frame instructions.
#include <algorithm>

#include "bundler/base/error.h"
#include "bundler/content/rewrite_unwind.h"

namespace scratchpack {

namespace {

void put(Bytes& out, std::uint8_t byte) { out.push_back(byte); }

template <typename T>
void put_value(Bytes& out, T value) {
  out.resize(out.size() + sizeof value);
  std::memcpy(out.data() + out.size() - sizeof value, &value, sizeof value);
}

void put_number(Bytes& out, std::uint64_t value) {
  while (value >= 128) {
    put(out, static_cast<std::uint8_t>(value | 128));
    value >>= 7;
  }
  put(out, static_cast<std::uint8_t>(value));
}

void put_signed(Bytes& out, std::int64_t value) {
  for (;;) {
    auto byte = static_cast<std::uint8_t>(value & 127);
    value >>= 7;
    bool done = (value == 0 && !(byte & 64)) || (value == -1 && (byte & 64));
    put(out, static_cast<std::uint8_t>(done ? byte : byte | 128));
    if (done) return;
  }
}

std::int32_t distance(std::uint64_t from, std::uint64_t to) {
  auto difference = static_cast<std::int64_t>(to - from);
  if (difference != static_cast<std::int32_t>(difference)) {
    throw Error("rewrite: unwind data lies further than 2 GiB from what it describes");
  }
  return static_cast<std::int32_t>(difference);
}

/// A record with its length word, padded to 8 bytes by nops.
void put_record(Bytes& out, Bytes body) {
  while ((body.size() + 4) % 8 != 0) put(body, 0);
  put_value(out, static_cast<std::uint32_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
}

void put_advance(Bytes& out, std::uint64_t bytes) {
  if (bytes == 0) return;
  if (bytes < 64) {
    put(out, static_cast<std::uint8_t>(0x40 | bytes));
  } else {
    put(out, 0x04);
    put_value(out, static_cast<std::uint32_t>(bytes));
  }
}

void put_row(Bytes& out, const UnwindRow& row, const UnwindRow* before) {
  if (before == nullptr || before->base != row.base || before->offset != row.offset) {
    put(out, 0x0c);  // def_cfa
    put_number(out, row.base);
    put_number(out, static_cast<std::uint64_t>(row.offset));
  }
  for (const auto& [reg, where] : row.saved) {
    if (before != nullptr) {
      auto found = before->saved.find(reg);
      if (found != before->saved.end() && found->second == where) continue;
    }
    put(out, 0x11);  // offset_extended_sf, in units of -8
    put_number(out, reg);
    put_signed(out, where / -8);
  }
  if (before != nullptr) {
    for (const auto& [reg, where] : before->saved) {
      if (row.saved.contains(reg)) continue;
      put(out, 0x08);  // same_value
      put_number(out, reg);
    }
  }
  if (row.outermost && (before == nullptr || !before->outermost)) {
    put(out, 0x07);  // undefined
    put_number(out, kDwarfReturn);
  }
}

}  // namespace

bool UnwindRow::writable() const {
  // The base must be a register that the entry code leaves alone and the unwinder follows.
  bool follows = base == 3 || base == kDwarfRbp || base == kDwarfRsp || (base >= 12 && base <= 15);
  if (!plain || !follows || offset < 0) return false;
  return std::all_of(saved.begin(), saved.end(),
                     [](const auto& one) { return one.second % 8 == 0; });
}

UnwindWriter::UnwindWriter(std::uint64_t address) : address_(address) {
  Bytes common;
  put_value(common, std::uint32_t{0});  // this is a CIE
  for (auto byte : {1, int{'z'}, int{'R'}, 0}) put(common, static_cast<std::uint8_t>(byte));
  put_number(common, 1);  // code alignment
  put_signed(common, -8);
  put(common, static_cast<std::uint8_t>(kDwarfReturn));
  put_number(common, 1);  // one byte of augmentation data:
  put(common, 0x1b);      // FDE addresses are pc-relative words
  put(common, 0x0c);      // def_cfa rsp + 8
  put_number(common, kDwarfRsp);
  put_number(common, 8);
  put(common, static_cast<std::uint8_t>(0x80 | kDwarfReturn));  // return address at CFA - 8
  put_number(common, 1);
  put_record(bytes_, std::move(common));
}

void UnwindWriter::add(std::uint64_t function, std::uint64_t length, const Steps& steps) {
  std::uint64_t here = address_ + bytes_.size();
  Bytes body;
  put_value(body, static_cast<std::uint32_t>(bytes_.size() + 4));  // back to the CIE
  put_value(body, distance(here + 8, function));
  put_value(body, static_cast<std::uint32_t>(length));
  put_number(body, 0);  // no augmentation data
  std::uint64_t at = 0;
  const UnwindRow* before = nullptr;
  for (const auto& [offset, row] : steps) {
    put_advance(body, offset - at);
    put_row(body, row, before);
    at = offset;
    before = &row;
  }
  put_record(bytes_, std::move(body));
  entries_.push_back({function, here});
}

Bytes UnwindWriter::finish() {
  put_value(bytes_, std::uint32_t{0});
  while (bytes_.size() % 8 != 0) put(bytes_, 0);
  return bytes_;
}

Bytes write_unwind_header(std::uint64_t address, std::uint64_t frames,
                          std::vector<UnwindEntry> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.function < b.function; });
  Bytes out;
  for (auto byte : {1, 0x1b, 0x03, 0x3b}) put(out, static_cast<std::uint8_t>(byte));
  put_value(out, distance(address + 4, frames));
  put_value(out, static_cast<std::uint32_t>(entries.size()));
  for (const auto& entry : entries) {
    put_value(out, distance(address, entry.function));
    put_value(out, distance(address, entry.description));
  }
  return out;
}

}  // namespace scratchpack
