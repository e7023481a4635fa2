#include "bundler/content/raw_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "bundler/base/error.h"
#include "bundler/content/rewrite_disassemble.h"
#include "bundler/content/rewrite_elf.h"
#include "bundler/content/rewrite_sites.h"
#include "bundler/content/rewrite_unwind.h"
#include "runtime/calls.h"

namespace scratchpack {
namespace {

constexpr std::array<std::uint8_t, 2> kSystemCall = {0x0f, 0x05};
constexpr int kIoUringSetup = 425;
constexpr int kIoUringEnter = 426;
constexpr std::array<std::uint8_t, 5> kIoUringArgument = {0xbf, 0xa9, 1, 0, 0};  // mov $425,%edi

// Decoding that begins between two instructions falls into step after a few.
constexpr std::uint64_t kLead = 256;
constexpr std::uint64_t kTrail = 64;
constexpr std::uint64_t kLongestPiece = 256 * 1024;
constexpr std::size_t kResultLimit = 6;     // instructions until a result is looked at
constexpr std::size_t kArgumentLimit = 12;  // from an argument to the call

/// Whether a call of this number leads the kernel to a path, or to what a directory holds. The
/// runtime's other calls concern descriptors, and sockets, which no bundle has.
bool carries_path(std::int64_t number) {
  const auto* call = std::find_if(std::begin(kCalls), std::end(kCalls),
                                  [&](const Call& each) { return each.number == number; });
  if (call == std::end(kCalls)) return false;
  if (call->path != kNoPath) return true;
  switch (number) {
    case kCall_execve:
    case kCall_execveat:
    case kCall_chdir:
    case kCall_fchdir:
    case kCall_getcwd:
    case kCall_getdents64:
      return true;
    default:
      return false;
  }
}

/// Offsets of two bytes in a row. Whole blocks are passed over in a loop that compilers vectorize.
std::vector<std::size_t> offsets_of(std::span<const std::uint8_t> bytes, std::uint8_t first,
                                    std::uint8_t second) {
  constexpr std::size_t kBlock = 64;
  std::vector<std::size_t> found;
  if (bytes.size() < 2) return found;
  const std::size_t pairs = bytes.size() - 1;
  for (std::size_t at = 0; at < pairs; at += kBlock) {
    const std::size_t count = std::min(kBlock, pairs - at);
    const std::uint8_t* block = bytes.data() + at;
    if (count == kBlock) {
      std::uint8_t any = 0;
      for (std::size_t i = 0; i < kBlock; ++i) {
        any |= static_cast<std::uint8_t>(static_cast<std::uint8_t>(block[i] == first) &
                                         static_cast<std::uint8_t>(block[i + 1] == second));
      }
      if (any == 0) continue;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (block[i] == first && block[i + 1] == second) found.push_back(at + i);
    }
  }
  return found;
}

template <std::size_t kSize>
bool begins_with(std::span<const std::uint8_t> bytes,
                 const std::array<std::uint8_t, kSize>& begin) {
  return bytes.size() >= kSize && std::equal(begin.begin(), begin.end(), bytes.begin());
}

/// Code between known boundaries, with places of interest in it.
struct Piece {
  AddressRange range;
  bool function;                      ///< begins and ends where a function does
  std::vector<std::uint64_t> places;  ///< ascending
};

class Scan {
 public:
  explicit Scan(std::span<const std::uint8_t> file)
      : elf_(file, "a file"), unwind_(UnwindTable::read(elf_)) {}

  RawCalls run() {
    for (const AddressRange& code : elf_.code()) {
      const auto bytes = elf_.at(code.begin, code.end - code.begin);
      for (const Piece& piece : pieces(code, offsets_of(bytes, kSystemCall[0], kSystemCall[1]))) {
        count_calls(piece);
      }
    }
    if (!found_.io_uring) find_wrapped_io_uring();
    return std::move(found_);
  }

 private:
  Piece piece_at(const AddressRange& code, std::uint64_t place) const;
  std::vector<Piece> pieces(const AddressRange& code,
                            const std::vector<std::size_t>& offsets) const;
  std::vector<std::uint64_t> true_places(const Piece& piece) const;
  void count_calls(const Piece& piece);
  void count(const Disassembly& code, std::size_t call, bool function);
  void find_wrapped_io_uring();
  bool leads_to(std::uint64_t place, std::uint64_t end,
                const std::vector<std::uint64_t>& slots) const;
  std::optional<std::uint64_t> slot_of(std::uint64_t address) const;

  ElfView elf_;
  std::optional<UnwindTable> unwind_;
  RawCalls found_;
};

/// The function that a place lies in, or its surroundings where none is known.
Piece Scan::piece_at(const AddressRange& code, std::uint64_t place) const {
  const std::uint64_t lead = place - std::min(place - code.begin, kLead);
  Piece piece{{lead, std::min(place + kTrail, code.end)}, false, {}};
  if (!unwind_) return piece;
  const auto& entries = unwind_->entries();
  auto after = std::upper_bound(
      entries.begin(), entries.end(), place,
      [](std::uint64_t address, const UnwindEntry& entry) { return address < entry.function; });
  if (after == entries.begin()) return piece;
  auto covered = unwind_->covered(elf_, *std::prev(after));
  if (!covered || !covered->contains(place) || covered->begin < code.begin ||
      covered->end > code.end || covered->end - covered->begin > kLongestPiece) {
    return piece;
  }
  return {*covered, true, {}};
}

std::vector<Piece> Scan::pieces(const AddressRange& code,
                                const std::vector<std::size_t>& offsets) const {
  std::vector<Piece> out;
  for (std::size_t offset : offsets) {
    const std::uint64_t place = code.begin + offset;
    if (out.empty() || !out.back().function || !out.back().range.contains(place)) {
      out.push_back(piece_at(code, place));
    }
    out.back().places.push_back(place);
  }
  return out;
}

/// Those places that are no piece of another instruction.
std::vector<std::uint64_t> Scan::true_places(const Piece& piece) const {
  std::vector<std::size_t> offsets;
  offsets.reserve(piece.places.size());
  for (std::uint64_t place : piece.places) offsets.push_back(place - piece.range.begin);
  const auto bytes = elf_.at(piece.range.begin, piece.range.end - piece.range.begin);
  std::vector<std::uint64_t> places;
  for (std::size_t offset : boundaries_among(bytes, offsets)) {
    places.push_back(piece.range.begin + offset);
  }
  return places;
}

void Scan::count_calls(const Piece& piece) {
  const std::vector<std::uint64_t> places = true_places(piece);
  if (places.empty()) return;
  const Disassembly code(elf_, piece.range);
  for (std::uint64_t place : places) {
    const auto call = code.index_of(place);
    if (call && code.instructions()[*call].flow == Flow::system_call) {
      count(code, *call, piece.function);
    }
  }
}

/// Whether what follows a call looks at rax as one does at the kernel's answers: a comparison, a
/// test, or a return.
bool result_is_used(const Disassembly& code, std::size_t call) {
  const std::size_t end = std::min(call + 1 + kResultLimit, code.instructions().size());
  for (std::size_t i = call + 1; i < end; ++i) {
    const auto bytes = code.bytes(i);
    if (begins_with<2>(bytes, {0x48, 0x3d}) || begins_with<3>(bytes, {0x48, 0x83, 0xf8}) ||
        begins_with<3>(bytes, {0x48, 0x85, 0xc0}) || begins_with<2>(bytes, {0x85, 0xc0}) ||
        begins_with<1>(bytes, {0xc3})) {
      return true;
    }
    if (code.instructions()[i].flow == Flow::bad) return false;
  }
  return false;
}

void Scan::count(const Disassembly& code, std::size_t call, bool function) {
  if (!function && !result_is_used(code, call)) return;
  const auto numbers = numbers_at(code, call);
  if (!numbers) {
    found_.any = true;
    return;
  }
  for (std::int64_t number : *numbers) {
    if (carries_path(number)) found_.path_calls.insert(static_cast<int>(number));
    if (number == kIoUringSetup || number == kIoUringEnter) found_.io_uring = true;
  }
}

/// The word that a jump or call through memory at an address goes by: `jmp *SLOT(%rip)`, as in a
/// procedure linkage table, or `call *SLOT(%rip)`.
std::optional<std::uint64_t> Scan::slot_of(std::uint64_t address) const {
  if (begins_with<4>(elf_.at(address, 4), {0xf3, 0x0f, 0x1e, 0xfa})) address += 4;  // endbr64
  if (begins_with<1>(elf_.at(address, 1), {0xf2})) address += 1;                    // bnd
  const auto opcode = elf_.at(address, 2);
  if (!begins_with<2>(opcode, {0xff, 0x25}) && !begins_with<2>(opcode, {0xff, 0x15})) {
    return std::nullopt;
  }
  const auto distance = elf_.read<std::int32_t>(address + 2);
  if (!distance) return std::nullopt;
  return address + 6 + static_cast<std::uint64_t>(std::int64_t{*distance});
}

/// Whether the code from a place on, at most up to `end`, comes to a call of the function in one of
/// the slots.
bool Scan::leads_to(std::uint64_t place, std::uint64_t end,
                    const std::vector<std::uint64_t>& slots) const {
  const Disassembly code(elf_, {place, std::min(place + kTrail, end)});
  const auto& instructions = code.instructions();
  for (std::size_t i = 1; i < std::min(kArgumentLimit, instructions.size()); ++i) {
    const Flow flow = instructions[i].flow;
    if (flow == Flow::next) continue;
    if (flow != Flow::call && flow != Flow::jump && flow != Flow::indirect) return false;
    const bool direct = instructions[i].target != 0;
    const auto slot = slot_of(direct ? instructions[i].target : instructions[i].address);
    return slot && std::find(slots.begin(), slots.end(), *slot) != slots.end();
  }
  return false;
}

/// io_uring has no functions in the C library, so that many ask for it by its syscall(2). That
/// one does ask the bundle, but the kernel then opens files by itself.
void Scan::find_wrapped_io_uring() {
  const std::vector<std::uint64_t> slots = elf_.import_slots("syscall");
  if (slots.empty()) return;
  for (const AddressRange& code : elf_.code()) {
    const auto bytes = elf_.at(code.begin, code.end - code.begin);
    std::vector<std::size_t> offsets = offsets_of(bytes, kIoUringArgument[0], kIoUringArgument[1]);
    std::erase_if(offsets, [&](std::size_t offset) {
      return !begins_with(bytes.subspan(offset), kIoUringArgument);
    });
    for (const Piece& piece : pieces(code, offsets)) {
      for (std::uint64_t place : true_places(piece)) {
        if (leads_to(place, code.end, slots)) found_.io_uring = true;
      }
    }
  }
}

std::string call_names(const std::set<int>& numbers) {
  std::vector<std::string> names(numbers.size());
  std::transform(numbers.begin(), numbers.end(), names.begin(), call_name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void add_warnings(const std::string& path, const RawCalls& calls,
                  std::vector<std::string>& warnings) {
  if (!calls.path_calls.empty()) {
    warnings.push_back(fmt::format(
        "{} makes system calls with paths by itself, not through the C library ({}): these see the "
        "container's files alone, not the bundle's (where it matters, use --format tar or dir)",
        path, call_names(calls.path_calls)));
  }
  if (calls.any) {
    warnings.push_back(fmt::format(
        "{} makes system calls by itself, not through the C library, and which ones is known only "
        "at run time: any with a path see the container's files alone, not the bundle's (where it "
        "matters, use --format tar or dir)",
        path));
  }
  if (calls.io_uring) {
    warnings.push_back(fmt::format(
        "{} can use io_uring, where the kernel opens files by itself: it sees the container's "
        "alone, not the bundle's (sockets are not concerned, nor programs that do without it, as "
        "they must wherever a container's engine forbids it)",
        path));
  }
}

}  // namespace

RawCalls find_raw_calls(std::span<const std::uint8_t> file) {
  if (!begins_with<4>(file, {0x7f, 'E', 'L', 'F'})) return {};  // most of many files are data
  try {
    return Scan(file).run();
  } catch (const Error&) {
    return {};  // no program or library of this architecture
  }
}

std::vector<std::string> raw_call_warnings(const FileSet& files,
                                           const std::map<std::string, RewrittenFile>& rewritten) {
  std::vector<std::string> warnings;
  for (const auto& [path, entry] : files) {
    if (entry.kind != FileKind::file || entry.content || rewritten.contains(path)) continue;
    const EntryContent content(entry);
    add_warnings(path, find_raw_calls(content.bytes()), warnings);
  }
  return warnings;
}

}  // namespace scratchpack
