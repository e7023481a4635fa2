#include "bundler/content/rewrite_thunks.h"

#include <cstddef>

#include "bundler/base/error.h"
#include "bundler/content/rewrite_bridge.h"

#if !defined(__x86_64__)
#error "the entry code is assembled with the bundler: build it on x86-64"
#endif

// The entry, kept as a text of the assembler: read once, it is copied into each rewritten file,
// where only the table of numbers and the distance to the slot differ.
//
// In: rax the number, all else as at the `syscall`; the caller has stepped over its red zone.
// Out: rcx 0, nothing else changed but r11 and flags: make the call. Or rcx not 0, rax its result.
// The handler's work is Registers of runtime/calls.h, built by the pushes. All signals are blocked
// around it: a signal handler that throws, or cancels, would unwind a frame of the bootloader.
asm(R"(
  .pushsection .rodata
  .balign 64
scratchpack_entry:
  cmp $479, %rax
  ja scratchpack_entry_decline
  lea scratchpack_entry_calls(%rip), %r11
  mov %eax, %ecx
  shr $5, %ecx
  mov (%r11,%rcx,4), %r11d
  bt %eax, %r11d
  jc scratchpack_entry_ours
scratchpack_entry_decline:
  xor %ecx, %ecx
scratchpack_entry_no_handler:
  ret
scratchpack_entry_ours:
  .byte 0x48, 0x8b, 0x0d            # mov SLOT(%rip), %rcx
scratchpack_entry_slot:
  .long 0
  jrcxz scratchpack_entry_no_handler
  push %rbp
scratchpack_entry_pushed:
  mov %rsp, %rbp
scratchpack_entry_framed:
  push %rax
  push $0                           # handled
  push %rdi
  push %rsi
  push %rdx
  push %r10
  push %r8
  push %r9
  and $-16, %rsp
  sub $16, %rsp                     # (%rsp): the signal mask; 8(%rsp): the handler
  mov %rcx, 8(%rsp)
  cld
  mov $14, %eax                     # rt_sigprocmask(SIG_SETMASK, all, the mask, 8)
  mov $2, %edi
  lea scratchpack_entry_all(%rip), %rsi
  mov %rsp, %rdx
  mov $8, %r10d
  syscall
  lea -64(%rbp), %rdi
  mov %rsp, %rsi
  call *8(%rsp)
  mov $14, %eax
  mov $2, %edi
  mov %rsp, %rsi
  xor %edx, %edx
  mov $8, %r10d
  syscall
  lea -64(%rbp), %rsp
  pop %r9
  pop %r8
  pop %r10
  pop %rdx
  pop %rsi
  pop %rdi
  pop %rcx
  pop %rax
  pop %rbp
scratchpack_entry_unframed:
  ret
scratchpack_entry_code_end:
  .balign 8, 0xcc
scratchpack_entry_all:
  .quad -1
scratchpack_entry_calls:
  .fill 15, 4, 0
  .balign 64, 0xcc
scratchpack_entry_end:
  .popsection
)");

extern "C" {
extern const std::uint8_t scratchpack_entry[];
extern const std::uint8_t scratchpack_entry_slot[];
extern const std::uint8_t scratchpack_entry_pushed[];
extern const std::uint8_t scratchpack_entry_framed[];
extern const std::uint8_t scratchpack_entry_unframed[];
extern const std::uint8_t scratchpack_entry_code_end[];
extern const std::uint8_t scratchpack_entry_calls[];
extern const std::uint8_t scratchpack_entry_end[];
}

namespace scratchpack {

static_assert(kCallLimit == 480, "the entry code compares with 479 and has a table of 15 words");
static_assert(offsetof(Registers, r9) == 0 && offsetof(Registers, rdi) == 40 &&
                  offsetof(Registers, handled) == 48 && offsetof(Registers, rax) == 56 &&
                  sizeof(Registers) == 64,
              "the entry code builds Registers by pushing rax, handled, rdi … r9");

namespace {

constexpr std::int64_t kRedZone = 128;

std::uint64_t offset_in_entry(const std::uint8_t* label) {
  return static_cast<std::uint64_t>(label - scratchpack_entry);
}

void put(Bytes& out, std::initializer_list<int> bytes) {
  for (int byte : bytes) out.push_back(static_cast<std::uint8_t>(byte));
}

void put(Bytes& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Writes a thunk at the address where it will run.
struct Assembler {
  Bytes out;
  std::uint64_t address;
  void relative(std::initializer_list<int> opcode, std::uint64_t target) {
    put(out, opcode);
    put_relative(out, address + out.size() + 4, target);
  }
};

UnwindRow lowered(UnwindRow row, std::int64_t bytes) {
  if (row.base == kDwarfRsp) row.offset += bytes;
  return row;
}

}  // namespace

void put_relative(Bytes& out, std::uint64_t end, std::uint64_t target) {
  auto distance = static_cast<std::int64_t>(target - end);
  if (distance != static_cast<std::int32_t>(distance)) {
    throw Error("the added code lies further than 2 GiB from what it replaces");
  }
  auto word = static_cast<std::uint32_t>(distance);
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(word >> shift));
  }
}

Bytes entry_code(const CallSet& calls, std::uint64_t address, std::uint64_t slot) {
  Bytes out(scratchpack_entry, scratchpack_entry_end);
  std::uint64_t field = offset_in_entry(scratchpack_entry_slot);
  Bytes distance;
  put_relative(distance, address + field + 4, slot);
  std::copy(distance.begin(), distance.end(), out.begin() + static_cast<std::ptrdiff_t>(field));
  std::uint64_t table = offset_in_entry(scratchpack_entry_calls);
  for (std::size_t number = 0; number < calls.size(); number++) {
    if (!calls.test(number)) continue;
    auto bit = static_cast<std::uint8_t>(1u << number % 8);
    out[table + number / 8] = static_cast<std::uint8_t>(out[table + number / 8] | bit);
  }
  return out;
}

std::uint64_t entry_code_length() { return offset_in_entry(scratchpack_entry_code_end); }

UnwindWriter::Steps entry_rows() {
  UnwindRow called{kDwarfRsp, 8, {{kDwarfReturn, -8}}};
  UnwindRow pushed{kDwarfRsp, 16, {{kDwarfRbp, -16}, {kDwarfReturn, -8}}};
  UnwindRow framed = pushed;
  framed.base = kDwarfRbp;
  return {{0, called},
          {offset_in_entry(scratchpack_entry_pushed), pushed},
          {offset_in_entry(scratchpack_entry_framed), framed},
          {offset_in_entry(scratchpack_entry_unframed), called}};
}

Thunk make_thunk(const Disassembly& code, const Window& window, std::uint64_t address,
                 std::uint64_t entry) {
  if (window.bridge) {
    const auto& test = window.bridge->test;
    return {bridge_thunk(test, address, entry, window.begin), bridge_rows(test)};
  }
  Assembler to{{}, address};
  for (std::size_t i = window.first; i < window.call; i++) put(to.out, code.bytes(i));
  put(to.out, {0x48, 0x8d, 0x64, 0x24, 0x80});  // lea -128(%rsp), %rsp
  std::uint64_t stepped = to.out.size();
  to.relative({0xe8}, entry);
  put(to.out, {0x48, 0x8d, 0xa4, 0x24, 0x80, 0x00, 0x00, 0x00});  // lea 128(%rsp), %rsp
  std::uint64_t back = to.out.size();
  if (window.site.kind == RewriteSite::Kind::kept) {
    put(to.out, {0xe3, 0x05});  // jrcxz over the jump
    to.relative({0xe9}, window.end);
    to.relative({0xe9}, window.site.address);
  } else {
    put(to.out, {0xe3, 0x02, 0xeb, 0x02});  // jrcxz to the syscall; jmp over it
    for (std::size_t i = window.call; i < window.last; i++) put(to.out, code.bytes(i));
    to.relative({0xe9}, window.end);
  }
  Thunk out{std::move(to.out), {}};
  if (window.row && window.row->writable()) {
    out.rows = {{0, *window.row}, {stepped, lowered(*window.row, kRedZone)}, {back, *window.row}};
  }
  return out;
}

std::vector<Patch> make_patches(const Disassembly& code, const Window& window,
                                std::uint64_t thunk) {
  auto leading = [thunk](std::uint8_t opcode, std::uint64_t address) {
    Patch out{address, {opcode}};
    put_relative(out.bytes, address + 5, thunk);
    return out;
  };
  std::vector<Patch> out;
  if (window.bridge) {
    for (auto caller : window.bridge->callers) {
      out.push_back(leading(0xe8, code.instructions()[caller].address));
    }
    return out;
  }
  out.push_back(leading(0xe9, window.begin));
  bool kept = window.site.kind == RewriteSite::Kind::kept;
  std::uint64_t end = kept ? window.site.address : window.end;
  out.back().bytes.resize(end - window.begin, 0x90);
  return out;
}

}  // namespace scratchpack
