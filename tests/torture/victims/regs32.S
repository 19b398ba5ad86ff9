/* SPDX-License-Identifier: MIT */
#ifdef __i386__
#include "regs.h"

/* As regs64.S, with what an i386 program has: eight registers, x87, xmm0-7, no red zone. */
	.text
	.globl	regs_hold
regs_hold:
	push	%ebx
	push	%ebp
	push	%esi
	push	%edi
	mov	%esp, regs_in + 56
	.irp	n, 0,1,2,3,4,5,6,7
	movups	regs_in + REGS_VEC + 64 * \n, %xmm\n
	.endr
	.irp	n, 0,1,2,3
	fildll	regs_in + REGS_X87 + 8 * \n
	.endr

	pushl	regs_in + REGS_FLAGS
	popfl
	mov	regs_in + 0, %eax
	mov	regs_in + 8, %ebx
	mov	regs_in + 24, %edx
	mov	regs_in + 32, %esi
	mov	regs_in + 40, %edi
	mov	regs_in + 48, %ebp
	mov	regs_in + REGS_SPIN, %ecx

5:	lea	-1(%ecx), %ecx
	jecxz	6f
	jmp	5b

6:	mov	%eax, regs_out + 0
	mov	%ebx, regs_out + 8
	mov	%ecx, regs_out + 16
	mov	%edx, regs_out + 24
	mov	%esi, regs_out + 32
	mov	%edi, regs_out + 40
	mov	%ebp, regs_out + 48
	mov	%esp, regs_out + 56
	pushfl
	popl	regs_out + REGS_FLAGS
	cld
	.irp	n, 3,2,1,0
	fistpll	regs_out + REGS_X87 + 8 * \n
	.endr
	.irp	n, 0,1,2,3,4,5,6,7
	movups	%xmm\n, regs_out + REGS_VEC + 64 * \n
	.endr
	pop	%edi
	pop	%esi
	pop	%ebp
	pop	%ebx
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
