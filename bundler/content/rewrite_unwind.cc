#include "bundler/content/rewrite_unwind.h"

#include <algorithm>

namespace scratchpack {

namespace {

constexpr std::uint8_t kHeader[] = {1, 0x1b, 0x03, 0x3b};
constexpr std::uint8_t kRelativeWord = 0x1b;  // pc-relative, signed 4 bytes
constexpr std::uint8_t kWord = 3;             // low bits of an encoding of 4 bytes
constexpr std::size_t kStackLimit = 64;       // of remember_state
constexpr std::size_t kProgramLimit = 16384;  // bytes; the longest of a C library has some hundreds
constexpr std::size_t kAugmentationLimit = 8;
constexpr std::uint64_t kRegisterLimit = 127;

/// Reads forward through bytes that lie at an address; once something is missing, `ok` is false
/// and all further values are 0.
struct Reader {
  std::span<const std::uint8_t> bytes;
  std::uint64_t address;  // of bytes[0]
  std::size_t position = 0;
  bool ok = true;

  bool more() const { return ok && position < bytes.size(); }
  template <typename T>
  T value() {
    T result{};
    if (!ok || bytes.size() - position < sizeof(T)) {
      ok = false;
      return result;
    }
    std::memcpy(&result, bytes.data() + position, sizeof result);
    position += sizeof result;
    return result;
  }
  std::uint64_t unsigned_number() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      auto byte = value<std::uint8_t>();
      result |= std::uint64_t{byte & 127u} << shift;
      if (!(byte & 128)) return result;
    }
    ok = false;
    return 0;
  }
  std::int64_t signed_number() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64;) {
      auto byte = value<std::uint8_t>();
      result |= std::uint64_t{byte & 127u} << shift;
      shift += 7;
      if (byte & 128) continue;
      if ((byte & 64) && shift < 64) result |= ~std::uint64_t{0} << shift;
      return static_cast<std::int64_t>(result);
    }
    ok = false;
    return 0;
  }
  std::uint64_t relative_word() {
    std::uint64_t here = address + position;
    return here + static_cast<std::uint64_t>(std::int64_t{value<std::int32_t>()});
  }
  void skip(std::uint64_t count) {
    if (!ok || count > bytes.size() - position) {
      ok = false;
    } else {
      position += count;
    }
  }
};

/// The body of the record (CIE or FDE) at an address, behind its length word.
Reader record_at(const ElfView& elf, std::uint64_t address) {
  auto length = elf.read<std::uint32_t>(address);
  if (!length || *length == 0 || *length >= 0xfffffff0) return {{}, 0, 0, false};
  auto body = elf.at(address + 4, *length);
  return {body, address + 4, 0, !body.empty()};
}

struct Common {
  std::uint64_t code_alignment = 0;
  std::int64_t data_alignment = 0;
  bool has_data = false;      // 'z': an FDE has augmentation data
  bool signal_frame = false;  // 'S'
  Reader initial = {};
};

std::optional<Common> read_common(const ElfView& elf, std::uint64_t address) {
  Reader in = record_at(elf, address);
  if (in.value<std::uint32_t>() != 0) return std::nullopt;
  auto version = in.value<std::uint8_t>();
  if (version != 1 && version != 3) return std::nullopt;
  std::vector<char> augmentation;
  while (char letter = in.value<char>()) {
    augmentation.push_back(letter);
    if (augmentation.size() > kAugmentationLimit) return std::nullopt;
  }
  Common out;
  out.code_alignment = in.unsigned_number();
  out.data_alignment = in.signed_number();
  auto return_register = version == 1 ? in.value<std::uint8_t>() : in.unsigned_number();
  if (return_register != kDwarfReturn) return std::nullopt;
  // Only 'z' augmentations tell the encoding of the FDE's addresses; x86-64 always has one.
  if (augmentation.empty() || augmentation[0] != 'z') return std::nullopt;
  out.has_data = true;
  std::uint64_t data_length = in.unsigned_number();
  Reader data = in;
  in.skip(data_length);
  std::uint8_t encoding = 0;
  for (std::size_t i = 1; i < augmentation.size(); i++) {
    switch (augmentation[i]) {
      case 'R':
        encoding = data.value<std::uint8_t>();
        break;
      case 'L':
        data.skip(1);
        break;
      case 'P':
        data.skip((data.value<std::uint8_t>() & 7) == kWord ? 4 : 8);
        break;
      case 'S':
        out.signal_frame = true;
        break;
      default:
        return std::nullopt;
    }
  }
  if (!in.ok || !data.ok || encoding != kRelativeWord) return std::nullopt;
  out.initial = in;
  return out;
}

struct Description {
  AddressRange range;
  Common common;
  Reader program;
};

std::optional<Description> read_description(const ElfView& elf, std::uint64_t address) {
  Reader in = record_at(elf, address);
  auto back = in.value<std::uint32_t>();
  if (!in.ok || back == 0) return std::nullopt;
  auto common = read_common(elf, address + 4 - back);
  if (!common) return std::nullopt;
  std::uint64_t begin = in.relative_word();
  std::uint64_t length = in.value<std::uint32_t>();
  if (common->has_data) in.skip(in.unsigned_number());
  if (!in.ok || length > UINT64_MAX - begin) return std::nullopt;
  return Description{{begin, begin + length}, *common, in};
}

/// Executes call-frame instructions up to the row of one address.
class Machine {
 public:
  Machine(const Common& common, std::uint64_t begin, std::uint64_t wanted)
      : common_(common), location_(begin), wanted_(wanted) {
    row_.plain = !common.signal_frame;
  }

  /// False when the program cannot be understood.
  bool run(Reader program) {
    if (program.bytes.size() > kProgramLimit) return false;
    while (program.more() && !past_) {
      if (!step(program)) return false;
    }
    return program.ok;
  }
  void keep_initial() { initial_ = row_; }
  const UnwindRow& row() const { return row_; }

 private:
  void advance(std::uint64_t units) {
    std::uint64_t next = location_ + units * common_.code_alignment;
    past_ = next > wanted_;
    location_ = next;
  }
  void save(std::uint64_t reg, std::int64_t factored) {
    if (reg > kRegisterLimit) {
      row_.plain = false;  // and no file makes the map large
      return;
    }
    row_.saved[reg] = static_cast<std::int64_t>(static_cast<std::uint64_t>(factored) *
                                                static_cast<std::uint64_t>(common_.data_alignment));
  }
  void restore(std::uint64_t reg) {
    auto found = initial_.saved.find(reg);
    if (found == initial_.saved.end()) {
      row_.saved.erase(reg);
    } else {
      row_.saved[reg] = found->second;
    }
  }
  bool step(Reader& in);
  bool step_extended(std::uint8_t operation, Reader& in);

  const Common& common_;
  std::uint64_t location_;
  std::uint64_t wanted_;
  bool past_ = false;
  UnwindRow row_;
  UnwindRow initial_;
  std::vector<UnwindRow> remembered_;
};

bool Machine::step(Reader& in) {
  auto operation = in.value<std::uint8_t>();
  std::uint64_t low = operation & 63u;
  switch (operation >> 6) {
    case 1:
      advance(low);
      return true;
    case 2:
      save(low, static_cast<std::int64_t>(in.unsigned_number()));
      return in.ok;
    case 3:
      restore(low);
      return true;
    default:
      return step_extended(operation, in);
  }
}

bool Machine::step_extended(std::uint8_t operation, Reader& in) {
  switch (operation) {
    case 0x00:
      break;  // nop
    case 0x02:
      advance(in.value<std::uint8_t>());
      break;  // advance_loc1
    case 0x03:
      advance(in.value<std::uint16_t>());
      break;  // advance_loc2
    case 0x04:
      advance(in.value<std::uint32_t>());
      break;      // advance_loc4
    case 0x05: {  // offset_extended
      auto reg = in.unsigned_number();
      save(reg, static_cast<std::int64_t>(in.unsigned_number()));
      break;
    }
    case 0x06:
      restore(in.unsigned_number());
      break;
    case 0x07: {  // undefined
      auto reg = in.unsigned_number();
      row_.saved.erase(reg);
      if (reg == kDwarfReturn) row_.outermost = true;
      break;
    }
    case 0x08:
      row_.saved.erase(in.unsigned_number());
      break;    // same_value
    case 0x09:  // register
    case 0x14:  // val_offset
      in.unsigned_number();
      in.unsigned_number();
      row_.plain = false;
      break;
    case 0x0a:  // remember_state
      if (remembered_.size() >= kStackLimit) return false;
      remembered_.push_back(row_);
      break;
    case 0x0b:  // restore_state
      if (remembered_.empty()) return false;
      row_ = remembered_.back();
      remembered_.pop_back();
      break;
    case 0x0c:  // def_cfa
      row_.base = in.unsigned_number();
      row_.offset = static_cast<std::int64_t>(in.unsigned_number());
      break;
    case 0x0d:
      row_.base = in.unsigned_number();
      break;
    case 0x0e:
      row_.offset = static_cast<std::int64_t>(in.unsigned_number());
      break;
    case 0x0f:  // def_cfa_expression
      in.skip(in.unsigned_number());
      row_.plain = false;
      break;
    case 0x10:  // expression
    case 0x16:  // val_expression
      in.unsigned_number();
      in.skip(in.unsigned_number());
      row_.plain = false;
      break;
    case 0x11: {  // offset_extended_sf
      auto reg = in.unsigned_number();
      save(reg, in.signed_number());
      break;
    }
    case 0x2e:
      in.unsigned_number();
      break;  // GNU_args_size
    default:
      return false;
  }
  return in.ok;
}

}  // namespace

std::optional<UnwindTable> UnwindTable::read(const ElfView& elf) {
  const auto* segment = elf.segment(PT_GNU_EH_FRAME);
  if (segment == nullptr) return std::nullopt;
  auto bytes = elf.at(segment->p_vaddr, segment->p_filesz);
  Reader in{bytes, segment->p_vaddr};
  for (auto expected : kHeader) {
    if (in.value<std::uint8_t>() != expected) return std::nullopt;
  }
  UnwindTable out;
  out.frames_ = in.relative_word();
  std::uint64_t count = in.value<std::uint32_t>();
  if (!in.ok || count > (bytes.size() - in.position) / 8) return std::nullopt;
  for (std::uint64_t i = 0; i < count; i++) {
    auto relative = [&] {
      return segment->p_vaddr + static_cast<std::uint64_t>(std::int64_t{in.value<std::int32_t>()});
    };
    std::uint64_t function = relative();
    out.entries_.push_back({function, relative()});
    if (i > 0 && out.entries_[i - 1].function > function) return std::nullopt;
  }
  return out;
}

std::optional<AddressRange> UnwindTable::covered(const ElfView& elf,
                                                 const UnwindEntry& entry) const {
  auto description = read_description(elf, entry.description);
  if (!description) return std::nullopt;
  return description->range;
}

bool UnwindTable::is_signal_frame(const ElfView& elf, const UnwindEntry& entry) const {
  auto description = read_description(elf, entry.description);
  return description && description->common.signal_frame;
}

std::optional<UnwindRow> UnwindTable::row(const ElfView& elf, std::uint64_t address) const {
  auto after = std::upper_bound(
      entries_.begin(), entries_.end(), address,
      [](std::uint64_t value, const UnwindEntry& entry) { return value < entry.function; });
  if (after == entries_.begin()) return std::nullopt;
  auto description = read_description(elf, std::prev(after)->description);
  if (!description || !description->range.contains(address)) return std::nullopt;
  Machine machine(description->common, description->range.begin, address);
  if (!machine.run(description->common.initial)) return std::nullopt;
  machine.keep_initial();
  if (!machine.run(description->program)) return std::nullopt;
  return machine.row();
}

}  // namespace scratchpack
