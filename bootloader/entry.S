// Where the kernel enters: the stack holds argc, argv, environment and auxiliary vector, nothing
// else is set. Between the kernel's stack and ours a gap is left in which a changed one can be put
// together (program_stack.h). bootloader_main returns where to go and with which stack; every register is cleared
// but those, as the kernel leaves them.
  .text
  .globl _start
  .type _start, @function
_start:
  xor %ebp, %ebp
  mov %rsp, %rdi
  mov %rsp, %r12
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
  .size _start, .-_start

// The place of the payload: the bundler replaces this byte, makes the segment as long as the
// payload and puts it right behind the others.
  .section .payload, "aR", @progbits
  .byte 0

  .section .note.GNU-stack, "", @progbits
