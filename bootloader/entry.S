// Where the kernel enters: the stack holds argc, argv, environment and auxiliary vector, nothing
// else is set.
//
// First of all: is the file whole? The kernel maps a file that was cut short without a word, and
// the first touch of what is missing is a SIGBUS. The file's size says so; where there is no /proc
// to ask, one byte of the payload's last page is read by a system call, which says EFAULT instead
// (not always: from a disk that page alone costs milliseconds). This code, its message and the
// program headers lie in the first page of the file (check.cmake sees to that), so that it works on
// any larger piece. As a PT_INTERP (extract.h) the size is another file's, and then no reason to
// fail.
//
// Then, between the kernel's stack and ours, a gap is left in which a changed stack can be put
// together (program_stack.h). bootloader_main returns where to go and with which stack; every
// register is cleared but those, as the kernel leaves them.
  .section .text.entry, "ax", @progbits
  .globl _start
  .type _start, @function
_start:
  xor %ebp, %ebp
  mov %rsp, %r12
  lea __ehdr_start(%rip), %rbx
  movzwl 56(%rbx), %ecx            // e_phnum
  mov 32(%rbx), %rdx               // e_phoff
  add %rbx, %rdx
  xor %esi, %esi
1:
  cmpl $1, (%rdx)                  // PT_LOAD; the last one is the payload
  cmove %rdx, %rsi
  add $56, %rdx
  dec %ecx
  jnz 1b
  mov %rsi, %r13
  lea executable(%rip), %rsi
  mov $-100, %edi                  // AT_FDCWD
  lea -512(%rsp), %rdx             // struct stat
  xor %r10d, %r10d
  mov $262, %eax                   // newfstatat
  syscall
  mov 8(%r13), %rcx                // p_offset
  add 32(%r13), %rcx               // p_filesz
  test %eax, %eax
  jne 2f
  cmp %rcx, 48(%rdx)               // st_size
  jge whole
2:
  mov 32(%r13), %rsi               // p_filesz
  dec %rsi
  add 16(%r13), %rsi               // p_vaddr
  add %rbx, %rsi
  and $-4096, %rsi                 // path: the last page
  mov $-100, %edi                  // AT_FDCWD
  xor %edx, %edx                   // F_OK
  mov $269, %eax                   // faccessat
  syscall
  cmp $-14, %rax                   // EFAULT
  je cut_short

whole:
  mov %r12, %rdi
  and $-16, %rsp
  call bootloader_stack_size
  sub %rax, %rsp
  and $-16, %rsp
  mov %r12, %rdi
  call bootloader_main
  mov %rdx, %rsp
  mov %rax, %r11
  xor %eax, %eax
  xor %ebx, %ebx
  xor %ecx, %ecx
  xor %edx, %edx
  xor %esi, %esi
  xor %edi, %edi
  xor %r8d, %r8d
  xor %r9d, %r9d
  xor %r10d, %r10d
  xor %r12d, %r12d
  xor %r13d, %r13d
  xor %r14d, %r14d
  xor %r15d, %r15d
  jmp *%r11

cut_short:
  mov $1, %eax                     // write
  mov $2, %edi
  lea message(%rip), %rsi
  mov $(message_end - message), %edx
  syscall
  mov $231, %eax                   // exit_group
  mov $125, %edi
  syscall
executable:
  .asciz "/proc/self/exe"
message:
  .ascii "scratchpack: start the bundle: the file is cut short (copy or download it again)\n"
message_end:
  .size _start, .-_start

// The place of the payload: the bundler replaces this byte, makes the segment as long as the
// payload and puts it right behind the others.
  .section .payload, "a", @progbits
  .byte 0

  .section .note.GNU-stack, "", @progbits
