  .text
  .globl _start
_start:
  mov $231, %eax
  mov $125, %edi
  syscall
  .section .payload, "a", @progbits
  .byte 0
  .section .note.GNU-stack, "", @progbits
