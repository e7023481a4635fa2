#include "bundler/content/rewrite_disassemble.h"

#include <Zydis/Zydis.h>

#include <algorithm>

namespace scratchpack {

namespace {

constexpr std::size_t kTableSearch = 16;  // instructions looked at before an indirect jump

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

bool is_register(const ZydisDecodedOperand& operand, ZydisRegister wide) {
  return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
         ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand.reg.value) == wide;
}

bool writes(const ZydisDecodedOperand& operand, ZydisRegister wide) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 && is_register(operand, wide);
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
    if (writes(operand, ZYDIS_REGISTER_RSP)) return "changes the stack pointer";
    if (writes(operand, ZYDIS_REGISTER_RBP)) return "changes the frame pointer";
    if (is_register(operand, ZYDIS_REGISTER_RIP)) return "names an address relative to itself";
  }
  return nullptr;
}

}  // namespace

struct Disassembly::Decoder {
  ZydisDecoder decoder;
  Decoder() { ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }
};

Disassembly::Disassembly(const ElfView& elf)
    : elf_(elf), decoder_(std::make_unique<Decoder>()), code_(elf.code()) {
  auto unwind = UnwindTable::read(elf);
  collect_starts(unwind ? &*unwind : nullptr);
  for (const auto& range : code_) sweep(range);
  collect_targets();
}

Disassembly::~Disassembly() = default;

void Disassembly::collect_starts(const UnwindTable* unwind) {
  starts_ = elf_.named_addresses();
  if (unwind != nullptr) {
    for (const auto& entry : unwind->entries()) starts_.push_back(entry.function);
  }
  // Without section headers a segment that also holds the file's headers holds tables too: only
  // what lies between known functions is taken for code there.
  sort_unique(starts_);
  std::erase_if(starts_, [&](std::uint64_t address) { return !in_code(address); });
  if (elf_.has_sections()) return;
  for (auto& range : code_) {
    auto offset = elf_.offset_of(range.begin, 1);
    if (!offset || *offset > elf_.header().e_phoff) continue;
    auto first = std::lower_bound(starts_.begin(), starts_.end(), range.begin);
    auto last = std::lower_bound(starts_.begin(), starts_.end(), range.end);
    range = first == last ? AddressRange{range.begin, range.begin}
                          : AddressRange{*first, std::max(*first, range.end)};
    if (first == last || unwind == nullptr || unwind->entries().empty()) continue;
    if (auto covered = unwind->covered(elf_, unwind->entries().back())) {
      range.end = std::clamp(covered->end, range.begin, range.end);
    }
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
      sources_.push_back({instruction.target, i});
    } else {
      starts_.push_back(instruction.target);  // called, or its address is taken by a lea
    }
  }
  sort_unique(tables);
  collect_jump_tables(tables);
  sort_unique(starts_);
  targets_.insert(targets_.end(), starts_.begin(), starts_.end());
  sort_unique(targets_);
  std::sort(sources_.begin(), sources_.end());
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

bool Disassembly::entered_within(std::uint64_t begin, std::uint64_t end) const {
  auto found = std::lower_bound(targets_.begin(), targets_.end(), begin);
  return found != targets_.end() && *found < end;
}

bool Disassembly::entered_from_elsewhere(std::uint64_t address) const {
  return std::binary_search(starts_.begin(), starts_.end(), address);
}

std::vector<std::size_t> Disassembly::sources(std::uint64_t address) const {
  std::vector<std::size_t> out;
  auto found =
      std::lower_bound(sources_.begin(), sources_.end(), std::pair{address, std::size_t{0}});
  for (; found != sources_.end() && found->first == address; ++found) out.push_back(found->second);
  return out;
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
  auto code = bytes(index);
  ZydisDecodedInstruction decoded;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (instruction.flow == Flow::bad ||
      !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_->decoder, code.data(), code.size(), &decoded,
                                           operands))) {
    out.flags_read = kStatusFlags;
    return out;
  }
  std::span<const ZydisDecodedOperand> all{operands, decoded.operand_count};
  out.immovable = why_immovable(decoded, instruction.flow, all);
  if (decoded.cpu_flags != nullptr) {
    out.flags_read = decoded.cpu_flags->tested & kStatusFlags;
    out.flags_written = (decoded.cpu_flags->modified | decoded.cpu_flags->set_0 |
                         decoded.cpu_flags->set_1 | decoded.cpu_flags->undefined) &
                        kStatusFlags;
    // A shift by zero leaves the flags alone, a repeated comparison may run no time at all.
    if (decoded.meta.category == ZYDIS_CATEGORY_SHIFT ||
        decoded.meta.category == ZYDIS_CATEGORY_ROTATE ||
        (decoded.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPNE))) {
      out.flags_written = 0;
    }
  }
  bool touched = instruction.flow == Flow::call || instruction.flow == Flow::system_call;
  for (const auto& operand : all) touched = touched || writes(operand, ZYDIS_REGISTER_RAX);
  if (!touched) {
    out.accumulator = Effect::Accumulator::untouched;
  }
  const auto& first = operands[0];
  const auto& second = operands[1];
  bool wide = decoded.operand_width >= 32;
  if (decoded.mnemonic == ZYDIS_MNEMONIC_PUSH && first.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    out.pushed = static_cast<std::uint32_t>(first.imm.value.u);
  }
  if (!touched || !is_register(first, ZYDIS_REGISTER_RAX)) return out;
  out.pops_accumulator = decoded.mnemonic == ZYDIS_MNEMONIC_POP;
  if (!wide) return out;
  if (decoded.mnemonic == ZYDIS_MNEMONIC_MOV && second.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    out.accumulator = Effect::Accumulator::constant;
    out.value = static_cast<std::uint32_t>(second.imm.value.u);
  }
  if ((decoded.mnemonic == ZYDIS_MNEMONIC_XOR || decoded.mnemonic == ZYDIS_MNEMONIC_SUB) &&
      is_register(second, ZYDIS_REGISTER_RAX)) {
    out.accumulator = Effect::Accumulator::constant;
  }
  return out;
}

}  // namespace scratchpack
