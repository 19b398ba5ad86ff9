/* SPDX-License-Identifier: MIT */
#ifdef __x86_64__
#include "regs.h"

/*
 * void regs_hold(void): everything that regs_in says goes into the processor, and after a while
 * everything goes to regs_out. Between the two only rcx and rip change. Nothing here may depend on
 * the direction flag or, once the red zone is filled, push.
 */
	.text
	.globl	regs_hold
regs_hold:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, regs_in + 56(%rip)

	cmpl	$LEVEL_AVX512, regs_in + REGS_LEVEL(%rip)
	je	3f
	cmpl	$LEVEL_AVX, regs_in + REGS_LEVEL(%rip)
	je	2f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movups	regs_in + REGS_VEC + 64 * \n(%rip), %xmm\n
	.endr
	jmp	4f
2:	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovups	regs_in + REGS_VEC + 64 * \n(%rip), %ymm\n
	.endr
	jmp	4f
3:	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovups	regs_in + REGS_VEC + 64 * \n(%rip), %zmm\n
	.endr
	.irp	n, 1,2,3,4,5,6,7
	kmovq	regs_in + REGS_MASK + 8 * \n(%rip), %k\n
	.endr
4:	.irp	n, 0,1,2,3
	fildll	regs_in + REGS_X87 + 8 * \n(%rip)
	.endr

	/* From here to the store of the flags: nothing that changes them. */
	pushq	regs_in + REGS_FLAGS(%rip)
	popfq
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	mov	regs_in + REGS_RED + 8 * \n(%rip), %rax
	mov	%rax, -8 * (\n + 1)(%rsp)
	.endr
	mov	regs_in + 0(%rip), %rax
	mov	regs_in + 8(%rip), %rbx
	mov	regs_in + 24(%rip), %rdx
	mov	regs_in + 32(%rip), %rsi
	mov	regs_in + 40(%rip), %rdi
	mov	regs_in + 48(%rip), %rbp
	.irp	n, 8,9,10,11,12,13,14,15
	mov	regs_in + 8 * \n(%rip), %r\n
	.endr
	mov	regs_in + REGS_SPIN(%rip), %rcx

5:	lea	-1(%rcx), %rcx
	jrcxz	6f
	jmp	5b

6:	mov	%rax, regs_out + 0(%rip)
	mov	%rbx, regs_out + 8(%rip)
	mov	%rcx, regs_out + 16(%rip)
	mov	%rdx, regs_out + 24(%rip)
	mov	%rsi, regs_out + 32(%rip)
	mov	%rdi, regs_out + 40(%rip)
	mov	%rbp, regs_out + 48(%rip)
	mov	%rsp, regs_out + 56(%rip)
	.irp	n, 8,9,10,11,12,13,14,15
	mov	%r\n, regs_out + 8 * \n(%rip)
	.endr
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	mov	-8 * (\n + 1)(%rsp), %rax
	mov	%rax, regs_out + REGS_RED + 8 * \n(%rip)
	.endr
	pushfq
	popq	regs_out + REGS_FLAGS(%rip)
	cld

	.irp	n, 3,2,1,0
	fistpll	regs_out + REGS_X87 + 8 * \n(%rip)
	.endr
	cmpl	$LEVEL_AVX512, regs_in + REGS_LEVEL(%rip)
	je	8f
	cmpl	$LEVEL_AVX, regs_in + REGS_LEVEL(%rip)
	je	7f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movups	%xmm\n, regs_out + REGS_VEC + 64 * \n(%rip)
	.endr
	jmp	9f
7:	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovups	%ymm\n, regs_out + REGS_VEC + 64 * \n(%rip)
	.endr
	vzeroupper
	jmp	9f
8:	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovups	%zmm\n, regs_out + REGS_VEC + 64 * \n(%rip)
	.endr
	.irp	n, 1,2,3,4,5,6,7
	kmovq	%k\n, regs_out + REGS_MASK + 8 * \n(%rip)
	.endr
	vzeroupper
9:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	64
	.globl	regs_in, regs_out
regs_in:
	.skip	REGS_VEC + 32 * 64
regs_out:
	.skip	REGS_VEC + 32 * 64
#endif
	.section .note.GNU-stack, "", @progbits
