#include "bundler/content/rewrite_disassemble.h"

#include <Zydis/Zydis.h>

#include <algorithm>

#include "bundler/base/error.h"

namespace scratchpack {

namespace {

constexpr std::uint64_t kCodeLimit = 16 << 20;  // bytes; a C library has one or two millions
constexpr std::size_t kTableSearch = 16;        // instructions looked at before an indirect jump

constexpr RegisterNumber kRsp = 4;
constexpr RegisterNumber kRbp = 5;
// What a function may change by the calling convention: rax rcx rdx rsi rdi r8 r9 r10 r11.
constexpr std::uint32_t kScratch = 0b0000'1111'1100'0111;
// What the kernel changes: rax rcx r11.
constexpr std::uint32_t kKernelScratch = 0b0000'1000'0000'0011;

static_assert(kStatusFlags == (ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF |
                               ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF));

void sort_unique(std::vector<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Flow flow_of(const ZydisDecodedInstruction& instruction, bool relative) {
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_SYSCALL:
      return Flow::system_call;
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_INT3:
      return Flow::end;
    case ZYDIS_MNEMONIC_XBEGIN:
      return Flow::conditional;
    default:
      break;
  }
  switch (instruction.meta.category) {
    case ZYDIS_CATEGORY_COND_BR:
      return Flow::conditional;
    case ZYDIS_CATEGORY_UNCOND_BR:
      return relative ? Flow::jump : Flow::indirect;
    case ZYDIS_CATEGORY_CALL:
      return Flow::call;
    case ZYDIS_CATEGORY_RET:
      return Flow::end;
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
      return Flow::call;
    default:
      return Flow::next;
  }
}

/// The general register an operand is or is part of: its number, or -1.
int general_register(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return -1;
  auto wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand.reg.value);
  if (ZydisRegisterGetClass(wide) != ZYDIS_REGCLASS_GPR64) return -1;
  return ZydisRegisterGetId(wide);
}

bool writes(const ZydisDecodedOperand& operand, RegisterNumber number) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 &&
         general_register(operand) == number;
}

/// The address an instruction names relative to itself: a rip-relative operand.
std::optional<std::uint64_t> rip_address(const ZydisDecodedInstruction& instruction,
                                         std::uint64_t end) {
  if (!(instruction.attributes & ZYDIS_ATTRIB_HAS_MODRM)) return std::nullopt;
  if (instruction.raw.modrm.mod != 0 || instruction.raw.modrm.rm != 5) return std::nullopt;
  return end + static_cast<std::uint64_t>(std::int64_t{instruction.raw.disp.value});
}

const char* why_immovable(const ZydisDecodedInstruction& instruction, Flow flow,
                          std::span<const ZydisDecodedOperand> operands) {
  if (flow == Flow::system_call) return "is a system call";
  if (flow != Flow::next) return "leaves the straight line";
  if (instruction.attributes & ZYDIS_ATTRIB_IS_RELATIVE)
    return "names an address relative to itself";
  if (instruction.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) return "is privileged";
  switch (instruction.meta.category) {
    case ZYDIS_CATEGORY_PUSH:
    case ZYDIS_CATEGORY_POP:
      return "pushes or pops";
    case ZYDIS_CATEGORY_CET:
      return "is a landing place";
    default:
      break;
  }
  for (const auto& operand : operands) {
    if (writes(operand, kRsp)) return "changes the stack pointer";
    if (writes(operand, kRbp)) return "changes the frame pointer";
  }
  return nullptr;
}

}  // namespace

struct Disassembly::Decoder {
  ZydisDecoder decoder;
  Decoder() { ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

  /// An instruction with its operands, implicit ones too.
  struct Full {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    std::span<const ZydisDecodedOperand> all() const {
      return {operands, instruction.operand_count};
    }
  };
  std::optional<Full> full(std::span<const std::uint8_t> bytes) const {
    Full out;
    auto status = ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &out.instruction,
                                         out.operands);
    if (!ZYAN_SUCCESS(status)) return std::nullopt;
    return out;
  }
};

Disassembly::Disassembly(const ElfView& elf)
    : elf_(elf), decoder_(std::make_unique<Decoder>()), code_(elf.code()) {
  auto unwind = UnwindTable::read(elf);
  std::uint64_t size = 0;
  for (const auto& range : code_) size += range.end - range.begin;
  if (size > kCodeLimit) throw Error("more code than any C library has");
  leave_out_tables(unwind ? &*unwind : nullptr);
  collect_starts(unwind ? &*unwind : nullptr);
  for (const auto& range : code_) sweep(range);
  collect_targets();
}

Disassembly::Disassembly(const ElfView& elf, const AddressRange& piece)
    : elf_(elf), decoder_(std::make_unique<Decoder>()), code_{piece}, starts_{piece.begin} {
  sweep(piece);
  collect_targets();
}

Disassembly::~Disassembly() = default;

void Disassembly::collect_starts(const UnwindTable* unwind) {
  starts_ = elf_.named_addresses();
  if (unwind != nullptr) {
    for (const auto& entry : unwind->entries()) {
      // What returns from signals is described from a byte before it, so that the unwinder, who
      // looks up return addresses minus one, finds it.
      bool early = unwind->is_signal_frame(elf_, entry);
      starts_.push_back(entry.function + (early ? 1 : 0));
    }
  }
  sort_unique(starts_);
  std::erase_if(starts_, [&](std::uint64_t address) { return !in_code(address); });
}

// Without section headers a segment that also holds the file's headers holds tables too: only
// what lies between known functions is taken for code there.
void Disassembly::leave_out_tables(const UnwindTable* unwind) {
  if (elf_.has_sections()) return;
  auto span = elf_.functions_span();
  if (unwind != nullptr && !unwind->entries().empty()) {
    auto last = unwind->covered(elf_, unwind->entries().back());
    span = {unwind->entries().front().function,
            last ? last->end : unwind->entries().back().function};
  }
  for (auto& range : code_) {
    auto offset = elf_.offset_of(range.begin, 1);
    if (!offset || *offset > elf_.header().e_phoff) continue;
    range.begin = std::clamp(span.begin, range.begin, range.end);
    range.end = std::clamp(span.end, range.begin, range.end);
  }
}

void Disassembly::sweep(const AddressRange& range) {
  auto bytes = elf_.at(range.begin, range.end - range.begin);
  if (bytes.empty()) return;
  auto start = std::upper_bound(starts_.begin(), starts_.end(), range.begin);
  std::uint64_t address = range.begin;
  while (address < range.end) {
    while (start != starts_.end() && *start <= address) ++start;
    std::uint64_t limit = start != starts_.end() ? std::min(*start, range.end) : range.end;
    ZydisDecodedInstruction decoded;
    auto status = ZydisDecoderDecodeInstruction(&decoder_->decoder, nullptr,
                                                bytes.data() + (address - range.begin),
                                                limit - address, &decoded);
    if (!ZYAN_SUCCESS(status)) {  // data, or an instruction that would run into a function
      instructions_.push_back({address, 0, 1, Flow::bad});
      address++;
      continue;
    }
    bool relative = decoded.raw.imm[0].is_relative;
    Instruction instruction{address, 0, decoded.length, flow_of(decoded, relative)};
    if (relative) {
      instruction.target = instruction.end() + decoded.raw.imm[0].value.u;
    } else if (decoded.mnemonic == ZYDIS_MNEMONIC_LEA) {
      if (auto taken = rip_address(decoded, instruction.end())) instruction.target = *taken;
    }
    instructions_.push_back(instruction);
    address = instruction.end();
  }
}

void Disassembly::collect_targets() {
  std::vector<std::uint64_t> tables;  // data whose address is taken
  for (std::size_t i = 0; i < instructions_.size(); i++) {
    const auto& instruction = instructions_[i];
    if (instruction.target == 0) continue;
    if (!in_code(instruction.target)) {
      if (instruction.flow == Flow::next) tables.push_back(instruction.target);
      continue;
    }
    targets_.push_back(instruction.target);
    if (instruction.flow == Flow::conditional || instruction.flow == Flow::jump) {
      branches_.push_back({instruction.target, i});
    } else {
      starts_.push_back(instruction.target);  // called, or its address is taken by a lea
      if (instruction.flow == Flow::call) calls_.push_back({instruction.target, i});
    }
  }
  sort_unique(tables);
  collect_jump_tables(tables);
  sort_unique(starts_);
  targets_.insert(targets_.end(), starts_.begin(), starts_.end());
  sort_unique(targets_);
  std::sort(branches_.begin(), branches_.end());
  std::sort(calls_.begin(), calls_.end());
}

// A switch compiles to `lea TABLE(%rip),%a; movslq (%a,%i,4),%b; add %a,%b; jmp *%b`, where TABLE
// holds distances from itself. Entries are read as long as they lead into code and no other table
// begins: taking a word too many for a target only makes the rewriter more careful.
void Disassembly::collect_jump_tables(const std::vector<std::uint64_t>& tables) {
  std::vector<std::uint64_t> used;
  for (std::size_t jump = 0; jump < instructions_.size(); jump++) {
    if (instructions_[jump].flow != Flow::indirect) continue;
    for (std::size_t i = jump; i-- > 0 && jump - i <= kTableSearch;) {
      const auto& candidate = instructions_[i];
      if (candidate.flow == Flow::next && candidate.target != 0) used.push_back(candidate.target);
    }
  }
  sort_unique(used);
  for (auto table : used) {
    auto next = std::upper_bound(tables.begin(), tables.end(), table);
    std::uint64_t end = next == tables.end() ? UINT64_MAX : *next;
    if (in_code(table)) continue;
    for (std::uint64_t at = table; end - at >= 4; at += 4) {
      auto distance = elf_.read<std::int32_t>(at);
      if (!distance) break;
      std::uint64_t target = table + static_cast<std::uint64_t>(std::int64_t{*distance});
      if (!in_code(target)) break;
      starts_.push_back(target);
    }
  }
}

bool Disassembly::in_code(std::uint64_t address) const {
  auto after = std::upper_bound(
      code_.begin(), code_.end(), address,
      [](std::uint64_t value, const AddressRange& range) { return value < range.begin; });
  return after != code_.begin() && std::prev(after)->contains(address);
}

std::optional<std::size_t> Disassembly::index_of(std::uint64_t address) const {
  auto found = std::lower_bound(
      instructions_.begin(), instructions_.end(), address,
      [](const Instruction& one, std::uint64_t value) { return one.address < value; });
  if (found == instructions_.end() || found->address != address) return std::nullopt;
  return static_cast<std::size_t>(found - instructions_.begin());
}

std::optional<std::size_t> Disassembly::index_containing(std::uint64_t address) const {
  auto after = std::upper_bound(
      instructions_.begin(), instructions_.end(), address,
      [](std::uint64_t value, const Instruction& one) { return value < one.address; });
  if (after == instructions_.begin() || std::prev(after)->end() <= address) return std::nullopt;
  return static_cast<std::size_t>(std::prev(after) - instructions_.begin());
}

bool Disassembly::entered_within(std::uint64_t begin, std::uint64_t end) const {
  auto found = std::lower_bound(targets_.begin(), targets_.end(), begin);
  return found != targets_.end() && *found < end;
}

bool Disassembly::entered_from_elsewhere(std::uint64_t address) const {
  return std::binary_search(starts_.begin(), starts_.end(), address);
}

std::vector<std::size_t> Disassembly::edges_to(const Edges& edges, std::uint64_t address) {
  std::vector<std::size_t> out;
  auto found = std::lower_bound(edges.begin(), edges.end(), std::pair{address, std::size_t{0}});
  for (; found != edges.end() && found->first == address; ++found) out.push_back(found->second);
  return out;
}

std::vector<std::size_t> Disassembly::sources(std::uint64_t address) const {
  return edges_to(branches_, address);
}

std::vector<std::size_t> Disassembly::callers(std::uint64_t address) const {
  return edges_to(calls_, address);
}

bool Disassembly::only_called(std::uint64_t address) const {
  auto index = index_of(address);
  if (!index || !sources(address).empty()) return false;
  auto previous = before(*index);
  if (!previous) return true;
  auto flow = instructions_[*previous].flow;
  return flow == Flow::jump || flow == Flow::indirect || flow == Flow::end ||
         effect(*previous).nothing;
}

std::optional<std::size_t> Disassembly::before(std::size_t index) const {
  if (index == 0 || instructions_[index - 1].end() != instructions_[index].address) {
    return std::nullopt;
  }
  return index - 1;
}

std::span<const std::uint8_t> Disassembly::bytes(std::size_t index) const {
  const auto& instruction = instructions_[index];
  return elf_.at(instruction.address, instruction.length);
}

Effect Disassembly::effect(std::size_t index) const {
  Effect out;
  const auto& instruction = instructions_[index];
  auto decoded = instruction.flow == Flow::bad ? std::nullopt : decoder_->full(bytes(index));
  if (!decoded) {
    out.flags_read = kStatusFlags;
    return out;
  }
  const auto& about = decoded->instruction;
  out.immovable = why_immovable(about, instruction.flow, decoded->all());
  out.nothing = about.mnemonic == ZYDIS_MNEMONIC_NOP;
  if (about.cpu_flags == nullptr) return out;
  out.flags_read = about.cpu_flags->tested & kStatusFlags;
  // A shift by zero leaves the flags alone, a repeated comparison may not run at all.
  bool perhaps = about.meta.category == ZYDIS_CATEGORY_SHIFT ||
                 about.meta.category == ZYDIS_CATEGORY_ROTATE ||
                 (about.attributes &
                  (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
  if (perhaps) return out;
  out.flags_written = (about.cpu_flags->modified | about.cpu_flags->set_0 | about.cpu_flags->set_1 |
                       about.cpu_flags->undefined) &
                      kStatusFlags;
  return out;
}

Assignment Disassembly::assignment(std::size_t index, RegisterNumber to) const {
  using Kind = Assignment::Kind;
  auto flow = instructions_[index].flow;
  if (flow == Flow::call || flow == Flow::system_call) {
    auto changed = flow == Flow::call ? kScratch : kKernelScratch;
    return {changed >> to & 1 ? Kind::unknown : Kind::untouched};
  }
  auto decoded = flow == Flow::bad ? std::nullopt : decoder_->full(bytes(index));
  if (!decoded) return {};
  auto all = decoded->all();
  if (std::none_of(all.begin(), all.end(), [to](const auto& one) { return writes(one, to); })) {
    return {Kind::untouched};
  }
  const auto& about = decoded->instruction;
  const auto& first = decoded->operands[0];
  const auto& second = decoded->operands[1];
  if (general_register(first) != to || first.size < 32) return {};
  int source = general_register(second);
  switch (about.mnemonic) {
    case ZYDIS_MNEMONIC_POP:
      return {Kind::popped};
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_SUB:
      if (source != to || second.size < 32) return {};
      return {Kind::constant};
    case ZYDIS_MNEMONIC_MOV:
      if (second.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        return {Kind::constant, static_cast<std::uint32_t>(second.imm.value.u)};
      }
      if (source < 0 || second.size < 32) return {};
      return {Kind::copied, 0, static_cast<RegisterNumber>(source)};
    default:
      return {};
  }
}

std::optional<std::int64_t> Disassembly::pushed(std::size_t index) const {
  if (instructions_[index].flow != Flow::next) return std::nullopt;
  auto decoded = decoder_->full(bytes(index));
  if (!decoded || decoded->instruction.mnemonic != ZYDIS_MNEMONIC_PUSH ||
      decoded->operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(decoded->operands[0].imm.value.u);
}

std::vector<std::size_t> boundaries_among(std::span<const std::uint8_t> code,
                                          std::span<const std::size_t> offsets) {
  std::vector<std::size_t> found;
  Disassembly::Decoder decoder;
  ZydisDecoderEnableMode(&decoder.decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
  std::size_t at = 0;
  for (std::size_t wanted : offsets) {
    while (at < wanted) {
      ZydisDecodedInstruction decoded;
      auto status = ZydisDecoderDecodeInstruction(&decoder.decoder, nullptr, code.data() + at,
                                                  code.size() - at, &decoded);
      at += ZYAN_SUCCESS(status) ? decoded.length : 1;
    }
    if (at == wanted) found.push_back(wanted);
  }
  return found;
}

}  // namespace scratchpack
