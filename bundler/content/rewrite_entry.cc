#include "bundler/content/rewrite_entry.h"

#include <cstddef>

#include "bundler/content/rewrite_thunks.h"
#include "runtime/gate.h"
#include "runtime/status.h"

#if !defined(__x86_64__)
#error "the entry code is assembled with the bundler: build it on x86-64"
#endif

// The entry, kept as a text of the assembler: read once, it is copied into each rewritten file,
// where only the table of classes and the distances to the slot differ.
//
// In: rax the number, all else as at the `syscall`; the caller has stepped over its red zone.
// Out: rcx 0, nothing else changed but r11 and flags: make the call. Or rcx not 0, rax its result.
//
// A path is followed in a frame that already is the handler's Registers (runtime/calls.h), built
// by pushes; the class takes the place of `handled` meanwhile. There r8 is at the path's next
// byte, rsi at the last byte of its page, rdi the hash so far, r10 the hash's factor, r11 the Gate.
// r9: 0x40 the call may make a name, 1 a directory of the bundle was met, 0x80 it is below /proc
// or /dev, where some names are the handler's.
asm(R"(
  .set .Lmark, 0x3ac5ca5e            # kMarkNanoseconds
  .set .Lmark_place, 96              # of the nanoseconds in struct stat
  .macro scratchpack_save
  push %rax
  push %rcx
  push %rdi
  push %rsi
  push %rdx
  push %r10
  push %r8
  push %r9
  .endm
  .macro scratchpack_restore
  pop %r9
  pop %r8
  pop %r10
  pop %rdx
  pop %rsi
  pop %rdi
  pop %rcx
  pop %rax
  pop %rbp
  .endm

  .pushsection .rodata
  .balign 64
scratchpack_entry:
  cmp $479, %rax
  ja .Ldecline
  lea scratchpack_entry_classes(%rip), %r11
  movzbl (%r11,%rax), %ecx
  test %ecx, %ecx
  jz .Ldecline
  .byte 0x4c, 0x8d, 0x1d             # lea SLOT(%rip), %r11
scratchpack_entry_slot:
  .long 0
  cmpq $0, (%r11)
  je .Ldecline
  mov 8(%r11), %r11
  test %r11, %r11
  jz .Lask
  cmpl $0, 28(%r11)
  jne .Lask
  cmp $8, %ecx
  jb .Lpath
  je .Lstatus

  cmp $10, %ecx                      # which argument is the descriptor
  jb .Lfirst
  je .Lsecond
  cmp $11, %ecx
  mov %r8d, %ecx
  je .Ldescriptor
  mov %edi, %ecx
  cmp $1023, %ecx
  ja .Lsecond
  bt %rcx, 32(%r11)
  jc .Lask
.Lsecond:
  mov %esi, %ecx
  jmp .Ldescriptor
.Lfirst:
  mov %edi, %ecx
.Ldescriptor:
  cmp $1023, %ecx
  ja .Ldecline
  bt %rcx, 32(%r11)
  jc .Lask
.Ldecline:
  xor %ecx, %ecx
  ret

.Lstatus:
  cmp $1023, %edi
  ja .Lfstat
  mov %edi, %ecx
  bt %rcx, 32(%r11)
  jc .Lask
.Lfstat:
  syscall
  test %rax, %rax
  js .Lanswered
  cmpl $.Lmark, .Lmark_place(%rsi)
  jne .Lanswered
  mov $5, %eax
.Lask:
  push %rbp
scratchpack_entry_ask_pushed:
  mov %rsp, %rbp
scratchpack_entry_ask_framed:
  scratchpack_save
  jmp .Lasking

scratchpack_entry_called:
.Lanswered:
  mov $1, %ecx
  ret
.Lpath:
  cmp $1, %ecx
  je .Lask
  push %rbp
scratchpack_entry_path_pushed:
  mov %rsp, %rbp
scratchpack_entry_path_framed:
  scratchpack_save
  mov %rdi, %r8
  test $1, %cl
  cmovnz %rsi, %r8
  xor %r9d, %r9d
  cmp $4, %ecx
  jb .Lpath_page
  mov $0x40, %r9d
  cmp $6, %ecx
  jb .Lpath_page
  cmove %esi, %edx                   # the flags of an open follow its path; 0x40 is O_CREAT
  and %edx, %r9d
.Lpath_page:
  mov %r8, %rax
  shr $12, %rax
  mov %eax, %ecx
  and $63, %ecx
  cmp %rax, 160(%r11,%rcx,8)
  jne .Lasking
  mov %r8, %rsi
  or $4095, %rsi
  movzbl (%r8), %eax
  cmp $'/', %al
  jne .Lrelative
  movabs $0xcbf29ce484222325, %rdi   # kHashSeed
  movabs $0x100000001b3, %r10

.Lcomponent:                         # r8 is at its slash
  xor $'/', %rdi
  imul %r10, %rdi
  inc %r8
  cmp %rsi, %r8
  ja .Lasking
  movzbl (%r8), %eax
  test %al, %al
  jz .Lasking
  cmp $'/', %al
  je .Lasking
  cmp $'.', %al
  je .Lasking
.Lbyte:
  xor %rax, %rdi
  imul %r10, %rdi
  inc %r8
  cmp %rsi, %r8
  ja .Lasking
  movzbl (%r8), %eax
  test %al, %al
  jz .Llook
  cmp $'/', %al
  jne .Lbyte
.Llook:
  mov %edi, %ecx
.Lprobe:
  and 16(%r11), %ecx
  mov (%r11), %rdx
  mov (%rdx,%rcx,4), %edx
  cmp 20(%r11), %edx
  jae .Lunknown
  shl $7, %rdx
  add 8(%r11), %rdx
  cmp %rdi, (%rdx)
  je .Lknown
  inc %ecx
  jmp .Lprobe
.Lknown:
  cmpb $1, 112(%rdx)                 # a file or a link
  jne .Lasking
  test %al, %al                      # a directory, and the path's end
  jz .Lasking
  or $1, %r9d
  jmp .Lcomponent

.Lunknown:
  cmp 672(%r11), %rdi                # the way to the bundle itself
  je .Lasking
  cmp $0x41, %r9d
  je .Lasking
  mov -24(%rbp), %rdx                # the path again: below /proc and /dev are names of ours
  testb $1, -16(%rbp)
  cmovnz -32(%rbp), %rdx
  lea 3(%rdx), %rcx
  cmp %rsi, %rcx
  ja .Lasking
  mov (%rdx), %edx
  cmp $0x6f72702f, %edx              # "/pro"
  je .Lnamed
  cmp $0x7665642f, %edx              # "/dev"
  jne .Lrest
.Lnamed:
  or $0x80, %r9d
.Lrest:                              # a `..` may lead back
  test %al, %al
  jz .Lend
  cmp $'.', %al
  je .Ldot
.Lnext:
  inc %r8
  cmp %rsi, %r8
  ja .Lasking
  movzbl (%r8), %eax
  jmp .Lrest
.Ldot:
  cmpb $'/', -1(%r8)
  jne .Lnext
.Lleading_dot:
  cmp %rsi, %r8
  je .Lasking
  cmpb $'.', 1(%r8)
  jne .Lnext
  jmp .Lasking
.Lend:
  test $0x80, %r9b
  jz .Lpass
  movzbl -1(%r8), %eax               # of a process, "exe"; of a descriptor, its number
  sub $'0', %eax
  cmp $9, %eax
  jbe .Lasking
  mov -4(%r8), %eax
  cmp $0x6e696474, %eax              # "/dev/stdin"
  je .Lasking
  cmp $0x6578652f, %eax              # "/exe"
  je .Lasking
  jmp .Lpass

.Lrelative:
  test %al, %al
  jz .Lempty
  cmpl $0, 24(%r11)
  je .Lasking
  testb $1, -16(%rbp)
  jz .Lfrom_here
  cmpl $-100, -24(%rbp)              # AT_FDCWD
  jne .Lasking
.Lfrom_here:
  cmp $'.', %al
  jne .Lnext
  jmp .Lleading_dot

.Lempty:                             # fstat by another name
  cmpl $262, -8(%rbp)
  jne .Lasking
  testl $0x1000, -48(%rbp)           # AT_EMPTY_PATH
  jz .Lasking
  mov -24(%rbp), %ecx
  cmp $1023, %ecx
  ja .Lnewfstatat
  bt %rcx, 32(%r11)
  jc .Lasking
.Lnewfstatat:
  scratchpack_restore
scratchpack_entry_status:
  syscall
  test %rax, %rax
  js .Lanswered
  cmpl $.Lmark, .Lmark_place(%rdx)
  jne .Lanswered
  mov $262, %eax
  jmp .Lask

scratchpack_entry_asking:
.Lpass:
  scratchpack_restore
scratchpack_entry_passed:
  xor %ecx, %ecx
  ret

scratchpack_entry_handling:
.Lasking:
  movq $0, -16(%rbp)                 # handled
  .byte 0x48, 0x8b, 0x0d             # mov SLOT(%rip), %rcx
scratchpack_entry_handler:
  .long 0
  and $-16, %rsp
  sub $16, %rsp                      # (%rsp): the signal mask; 8(%rsp): the handler
  mov %rcx, 8(%rsp)
  cld
  mov $14, %eax                      # rt_sigprocmask(SIG_SETMASK, all, the mask, 8)
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
  scratchpack_restore
scratchpack_entry_unframed:
  ret
scratchpack_entry_code_end:
  .balign 8, 0xcc
scratchpack_entry_all:
  .quad -1
scratchpack_entry_classes:
  .fill 480, 1, 0
  .balign 64, 0xcc
scratchpack_entry_end:
  .popsection
)");

extern "C" {
extern const std::uint8_t scratchpack_entry[];
extern const std::uint8_t scratchpack_entry_slot[];
extern const std::uint8_t scratchpack_entry_handler[];
extern const std::uint8_t scratchpack_entry_ask_pushed[];
extern const std::uint8_t scratchpack_entry_ask_framed[];
extern const std::uint8_t scratchpack_entry_called[];
extern const std::uint8_t scratchpack_entry_path_pushed[];
extern const std::uint8_t scratchpack_entry_path_framed[];
extern const std::uint8_t scratchpack_entry_status[];
extern const std::uint8_t scratchpack_entry_asking[];
extern const std::uint8_t scratchpack_entry_passed[];
extern const std::uint8_t scratchpack_entry_handling[];
extern const std::uint8_t scratchpack_entry_unframed[];
extern const std::uint8_t scratchpack_entry_code_end[];
extern const std::uint8_t scratchpack_entry_classes[];
extern const std::uint8_t scratchpack_entry_end[];
}

namespace scratchpack {

// What the instructions above know by number.
static_assert(kCallLimit == 480);
static_assert(offsetof(Registers, r9) == 0 && offsetof(Registers, r10) == 16 &&
                  offsetof(Registers, rdi) == 40 && offsetof(Registers, handled) == 48 &&
                  offsetof(Registers, rax) == 56 && sizeof(Registers) == 64,
              "built by pushing rax, handled, rdi … r9");
static_assert(kGateHandler == 1 && kGateMakeFirst == 4 && kGateOpenFirst == 6 && kGateStatus == 8 &&
              kGateDescriptorFirst == 9 && kGateDescriptorSecond == 10 &&
              kGateDescriptorFifth == 11 && kGateDescriptorPair == 12);
static_assert(offsetof(Gate, buckets) == 0 && offsetof(Gate, entries) == 8 &&
              offsetof(Gate, bucket_mask) == 16 && offsetof(Gate, entry_count) == 20 &&
              offsetof(Gate, outside) == 24 && offsetof(Gate, ask) == 28 &&
              offsetof(Gate, descriptors) == 32 && offsetof(Gate, pages) == 160 &&
              offsetof(Gate, own) == 672);
static_assert(kGateDescriptors == 1024 && kGatePages == 64 && kPageSize == 4096);
static_assert(sizeof(Entry) == 128 && offsetof(Entry, path_hash) == 0 &&
              offsetof(Entry, kind) == 112 && kKindDirectory == 1);
static_assert(kHashSeed == 0xcbf29ce484222325 && hash_step(1, 0) == 0x100000001b3);
static_assert(offsetof(KernelStat, mtime_nsec) == 96 && kMarkNanoseconds == 0x3ac5ca5e);
static_assert(kCall_fstat == 5 && kCall_newfstatat == 262);

namespace {

std::uint64_t offset_in_entry(const std::uint8_t* label) {
  return static_cast<std::uint64_t>(label - scratchpack_entry);
}

void put_distance(Bytes& out, const std::uint8_t* field, std::uint64_t address,
                  std::uint64_t target) {
  const std::uint64_t at = offset_in_entry(field);
  Bytes distance;
  put_relative(distance, address + at + 4, target);
  std::copy(distance.begin(), distance.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

Bytes entry_code(const CallSet& calls, std::uint64_t address, std::uint64_t slot) {
  Bytes out(scratchpack_entry, scratchpack_entry_end);
  put_distance(out, scratchpack_entry_slot, address, slot);
  put_distance(out, scratchpack_entry_handler, address, slot);
  const std::uint64_t classes = offset_in_entry(scratchpack_entry_classes);
  for (const Call& call : kCalls) {
    const auto number = static_cast<std::size_t>(call.number);
    if (calls.test(number)) out[classes + number] = gate_class(call);
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
          {offset_in_entry(scratchpack_entry_ask_pushed), pushed},
          {offset_in_entry(scratchpack_entry_ask_framed), framed},
          {offset_in_entry(scratchpack_entry_called), called},
          {offset_in_entry(scratchpack_entry_path_pushed), pushed},
          {offset_in_entry(scratchpack_entry_path_framed), framed},
          {offset_in_entry(scratchpack_entry_status), called},
          {offset_in_entry(scratchpack_entry_asking), framed},
          {offset_in_entry(scratchpack_entry_passed), called},
          {offset_in_entry(scratchpack_entry_handling), framed},
          {offset_in_entry(scratchpack_entry_unframed), called}};
}

}  // namespace scratchpack
