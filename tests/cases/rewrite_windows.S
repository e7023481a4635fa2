# Functions with a `syscall` each, in the surroundings that make or break a window. Each does
# access(%rdi, %rsi) (number 21) by default; %rdx chooses among its paths. All are run by
# rewrite_window_test.cc: as they are, rewritten, and with a handler that answers.

  .macro function name
  .text
  .balign 16
  .globl \name
  .type \name, @function
\name:
  .cfi_startproc
  .endm

  .macro end name
  .cfi_endproc
  .size \name, . - \name
  .endm

# ---- left alone ---------------------------------------------------------------------------------
  function number_known_and_not_ours
  mov $39, %eax
  syscall
  ret
  end number_known_and_not_ours

  function number_from_another_register
  mov $39, %r8d
  nopl 0(%rax)
  mov %r8d, %eax
  syscall
  ret
  end number_from_another_register

  function number_pushed_and_popped
  push $39
  .cfi_adjust_cfa_offset 8
  pop %rax
  .cfi_adjust_cfa_offset -8
  syscall
  ret
  end number_pushed_and_popped

  function both_paths_known_and_not_ours
  mov $39, %eax
  test %edx, %edx
  je 1f
  mov $110, %eax
1:
  mov %rsi, %rsi
  syscall
  ret
  end both_paths_known_and_not_ours

  function loop_that_comes_back_over_padding
  mov $39, %r9d
  jmp 2f
  .balign 16
1:
  cmp $0, %rsi
  jne 3f
2:
  mov %r9d, %eax
  syscall
  cmp $0, %rax
  jl 1b
3:
  ret
  end loop_that_comes_back_over_padding

# ---- kept ---------------------------------------------------------------------------------------
  function number_right_before
  mov $21, %eax
  syscall
  ret
  end number_right_before

  function two_instructions_before
  mov $21, %eax
  mov %rsi, %rsi
  xor %r10d, %r10d
  syscall
  cmp $-4095, %rax
  jae 1f
  ret
1:
  neg %eax
  ret
  end two_instructions_before

  function number_unknown
  mov %rdx, %rax
  mov %r8, %r8
  syscall
  ret
  end number_unknown

  function number_zero_by_xor
  test %rdx, %rdx
  jne 1f
  xor %eax, %eax
  mov %rsi, %rsi
  syscall
1:
  ret
  end number_zero_by_xor

  function number_of_libraries_only
  mov $6, %eax
  mov %rsi, %rsi
  syscall
  ret
  end number_of_libraries_only

  function one_of_two_paths_is_ours
  mov $39, %eax
  test %edx, %edx
  je 1f
  mov $21, %eax
1:
  mov %rsi, %rsi
  mov %rdi, %rdi
  syscall
  ret
  end one_of_two_paths_is_ours

  function window_begins_at_a_branch_target
  test %edx, %edx
  je 1f
  mov $0x1000, %esi
  xor %esi, %esi
1:
  mov $21, %eax
  syscall
  ret
  end window_begins_at_a_branch_target

  function two_calls_in_a_row
  mov $21, %eax
  syscall
  mov $21, %eax
  syscall
  ret
  end two_calls_in_a_row

  function red_zone_in_use
  movq $0x1111, -8(%rsp)
  movq $0x2222, -128(%rsp)
  mov $21, %eax
  syscall
  add -8(%rsp), %rax
  add -128(%rsp), %rax
  ret
  end red_zone_in_use

  function stack_argument_before
  mov $21, %eax
  mov 8(%rsp), %r10
  syscall
  ret
  end stack_argument_before

  function frame_by_rbp
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  push %rbx
  .cfi_offset %rbx, -24
  xor %ebx, %ebx
  mov $21, %eax
  syscall
  pop %rbx
  .cfi_restore %rbx
  pop %rbp
  .cfi_def_cfa %rsp, 8
  ret
  end frame_by_rbp

  function frame_by_rsp
  push %r12
  .cfi_def_cfa_offset 16
  .cfi_offset %r12, -16
  sub $200, %rsp
  .cfi_def_cfa_offset 216
  xor %r12d, %r12d
  mov $21, %eax
  syscall
  add $200, %rsp
  .cfi_def_cfa_offset 16
  pop %r12
  .cfi_def_cfa_offset 8
  ret
  end frame_by_rsp

# ---- moved --------------------------------------------------------------------------------------
  function branch_into_the_window
  mov $21, %eax
  test %edx, %edx
  je 1f
  mov $21, %eax
1:
  mov %rsi, %rsi
  syscall
  cmp $-4095, %rax
  ret
  end branch_into_the_window

  function branch_to_the_call_itself
  mov $21, %eax
  test %edx, %edx
  jne 1f
  mov $21, %eax
1:
  syscall
  cmp $-4095, %rax
  ret
  end branch_to_the_call_itself

  function rip_relative_before
  mov $21, %eax
  lea here_and_nowhere_else(%rip), %r8
  syscall
  mov %rax, %rdx
  ret
here_and_nowhere_else:
  end rip_relative_before

  function push_before
  mov $21, %eax
  push %rbx
  .cfi_adjust_cfa_offset 8
  syscall
  mov %rax, %rdx
  pop %rbx
  .cfi_adjust_cfa_offset -8
  ret
  end push_before

  function jump_table_into_the_window
  lea 9f(%rip), %r9
  and $1, %edx
  movslq (%r9,%rdx,4), %rax
  add %r9, %rax
  jmp *%rax
1:
  mov $21, %eax
  jmp 3f
2:
  mov $21, %eax
  mov %rsi, %rsi
3:
  mov %rdi, %rdi
  syscall
  mov %rax, %rdx
  ret
  .section .rodata
  .balign 4
9:
  .long 1b - 9b, 2b - 9b
  .text
  end jump_table_into_the_window

  function unwind_rules_change_before
  sub $24, %rsp
  .cfi_adjust_cfa_offset 24
  mov $21, %eax
  mov %rbx, 8(%rsp)
  .cfi_rel_offset %rbx, 8
  syscall
  mov %rax, %rdx
  mov 8(%rsp), %rbx
  .cfi_restore %rbx
  add $24, %rsp
  .cfi_adjust_cfa_offset -24
  ret
  end unwind_rules_change_before

# ---- impossible ---------------------------------------------------------------------------------
  function no_room_at_all
  syscall
  ret
  end no_room_at_all

  function windows_too_close
  mov $21, %eax
  mov $21, %r8d
  test %edx, %edx
  je 1f
  mov $21, %eax
1:
  syscall
  mov %r8, %rax
  syscall
  ret
  end windows_too_close

  function flags_needed_behind
  mov $21, %eax
  cmp %eax, %eax
  mov %rsi, %rsi
  mov %rdi, %rdi
  syscall
  jne 1f
  ret
1:
  mov $-1, %rax
  ret
  end flags_needed_behind

# ---- the code that returns from signals, described from a byte before it as in C libraries --------
  .text
  .balign 16
  nopl 0(%rax)
  .cfi_startproc
  .cfi_signal_frame
  nop
  .globl returns_from_signals
  .type returns_from_signals, @function
returns_from_signals:
  mov $15, %rax
  syscall
  .cfi_endproc
  .size returns_from_signals, . - returns_from_signals

# ---- the cancellation bridge: bridge(&flag, number, a, b, c, d, e, f), and what calls it ----------
  .text
  .balign 16
bridge:
  .cfi_startproc
  mov (%rdi), %eax
  testb $8, (%rdi)
  jne bridge_cancelled
  mov %rdi, %r11
  mov %rsi, %rax
  mov %rdx, %rdi
  mov %rcx, %rsi
  mov %r8, %rdx
  mov %r9, %r10
  mov 8(%rsp), %r8
  mov 16(%rsp), %r9
  mov %r11, 8(%rsp)
  syscall
  ret
  .cfi_endproc
  .balign 16
bridge_cancelled:
  .cfi_startproc
  mov $-125, %rax
  ret
  .cfi_endproc

  function through_the_bridge
  sub $24, %rsp
  .cfi_adjust_cfa_offset 24
  movq $0, (%rsp)
  movq $0, 8(%rsp)
  mov %rdx, 16(%rsp)
  mov %rsi, %rcx
  mov %rdi, %rdx
  mov $21, %esi
  lea 16(%rsp), %rdi
  xor %r8d, %r8d
  xor %r9d, %r9d
  call bridge
  add $24, %rsp
  .cfi_adjust_cfa_offset -24
  ret
  end through_the_bridge

  .section .note.GNU-stack, "", @progbits
