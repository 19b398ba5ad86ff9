/* SPDX-License-Identifier: MIT */
/*
 * What a diverted thread runs inside the cave (theory: agent.c). Position-independent, always in
 * 64-bit mode (a 32-bit thread enters and leaves through its code segment). The page is read-only for
 * it, and everything it needs lies behind the code: the tool fills that in before it diverts the
 * thread. The rules, each of them a way to do harm if broken:
 *   - never touch the stack: it may be a red zone, a signal stack of 2 KB, or not a stack at all;
 *   - no floating point, no fs or gs: they stay as they are and so need no saving;
 *   - parameters come from memory, not from registers: a signal frame of a 32-bit program does not
 *     keep r8 to r15;
 *   - no call that the thread's restart block would notice (nanosleep, poll, timed futex): an
 *     interrupted sleep must still be restartable afterwards. ppoll is free of it;
 *   - all data aligned: the thread may run with alignment checks on;
 *   - flags come back without popf, the last jump is `notrack jmp *mem`.
 */
#include <asm/unistd_64.h>

#define STATE	   0(%rbx) /* scratch: 0 idle, 1 calls posted, 2 calls done, 3 leave */
#define CLONED	   8(%rbx) /* scratch: thread id of the agent, or -errno */
#define NONCE	   16(%rbx)
#define FIRST	   32(%rbx)
#define LAST	   40(%rbx)
#define NAP	   48(%rbx) /* struct timespec: seconds stay 0 */
#define NAP_NS	   56(%rbx)
#define POSTED	   1
#define DONE	   2
#define LEAVE	   3
#define SPINS	   1000 /* looks before sleeping: 20 to 60 us */
#define WAIT_SPINS 3000 /* the same of a diverted thread: 60 to 200 us */
#define NAPS	   8	/* of a diverted thread before it goes home */
#define FIRST_NAP  100000 /* ns */
#define EINTR	   4
#define ETIMEDOUT  110

	.section .rodata.cave_code, "a"
	.balign 16
	.globl cave_code, cave_code_end
cave_code:
	/* header: what a later tool looks at */
	.globl cave_magic, cave_owner, cave_stamp
cave_magic:	.quad 0x31306176636c6f74
cave_owner:	.long 0		/* thread that was diverted */
cave_clone:	.long 0		/* clone flags of the agent; 0: the thread runs the calls itself */
cave_stamp:	.quad 0		/* CLOCK_MONOTONIC_RAW, ns, of the tool's last use */
	.globl cave_clone

/*
 * ---- entry: block every signal, should the tool have died before it could do that (an agent is
 * born with them blocked, too); map the scratch memory at the place the tool chose ----
 */
	.globl cave_entry
cave_entry:
	mov	$__NR_rt_sigprocmask, %eax
	mov	$2, %edi
	lea	all_signals(%rip), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	$__NR_mmap, %eax
	mov	cave_scratch(%rip), %rdi
	mov	cave_size(%rip), %rsi
	mov	$3, %edx		/* PROT_READ | PROT_WRITE */
	mov	$0x100021, %r10d	/* MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE */
	or	$-1, %r8
	xor	%r9d, %r9d
	syscall
	mov	%rdi, %rbx
	mov	%eax, %ebp		/* the error, for the tool to read from the register */
	cmp	%rdi, %rax
	jne	hold
	mov	$__NR_madvise, %eax
	mov	$10, %edx		/* MADV_DONTFORK: no child inherits it */
	syscall
	mov	cave_stamp(%rip), %rax	/* this mapping is ours: the tool looks for it */
	mov	%rax, NONCE
	.globl cave_marked
cave_marked:
	cmpl	$0, cave_clone(%rip)
	je	await

/* ---- make the agent, which needs no stack ---- */
	mov	$__NR_clone, %eax
	mov	cave_clone(%rip), %edi
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	syscall
	test	%eax, %eax
	jz	agent
	mov	%eax, CLONED
	jg	hold			/* the scratch memory is the agent's now */
	jmp	await

/*
 * ---- the diverted thread serves the tool: runs calls when they are posted, leaves when told ----
 * Spins at first, then naps, each twice as long as the one before, so that tool and thread may share a
 * CPU; goes home when nothing comes for 25 ms. Few naps, for on a busy machine each may last longer.
 * How long it can be on a CPU here is a limit that vacate.c relies on.
 */
await:
	movl	$FIRST_NAP, NAP_NS
	mov	$NAPS, %ebp
	mov	$WAIT_SPINS, %ecx
1:	mov	STATE, %edx
	cmp	$POSTED, %edx
	je	run
	cmp	$LEAVE, %edx
	je	unmap
	pause
	dec	%ecx
	jnz	1b
	mov	$__NR_ppoll, %eax
	xor	%edi, %edi
	xor	%esi, %esi
	lea	NAP, %rdx
	xor	%r10d, %r10d
	mov	$8, %r8d
	syscall
	shll	$1, NAP_NS
	mov	$1, %ecx
	dec	%ebp
	jnz	1b
	jmp	unmap

/* ---- the table of calls: {nr, six arguments, result} ---- */
run:
	mov	FIRST, %r12
	mov	LAST, %r13
1:	cmp	%r13, %r12
	jae	2f
	mov	(%r12), %rax
	mov	8(%r12), %rdi
	mov	16(%r12), %rsi
	mov	24(%r12), %rdx
	mov	32(%r12), %r10
	mov	40(%r12), %r8
	mov	48(%r12), %r9
	syscall
	mov	%rax, 56(%r12)
	add	$64, %r12
	jmp	1b
2:	mov	$DONE, %eax
	xchg	%eax, STATE
	cmpl	$0, cave_clone(%rip)
	je	await
	mov	$__NR_futex, %eax
	mov	%rbx, %rdi
	mov	$1, %esi		/* FUTEX_WAKE, shared: the tool waits on its own mapping */
	mov	$1, %edx
	syscall

/* ---- the agent: spin a little, sleep, leave when the tool says so or falls silent ---- */
agent:
	mov	$SPINS, %ecx
1:	mov	STATE, %edx
	cmp	$POSTED, %edx
	je	run
	cmp	$LEAVE, %edx
	je	agent_leave
	pause
	dec	%ecx
	jnz	1b
	mov	$__NR_futex, %eax
	mov	%rbx, %rdi
	xor	%esi, %esi		/* FUTEX_WAIT while the state is still edx */
	lea	deadman(%rip), %r10
	syscall
	cmp	$-ETIMEDOUT, %eax
	jne	agent
agent_leave:
	mov	$__NR_munmap, %eax
	mov	%rbx, %rdi
	mov	cave_size(%rip), %rsi
	syscall
	mov	$__NR_exit, %eax
	xor	%edi, %edi
	syscall

	.globl cave_unmap
unmap:
cave_unmap:
	mov	$__NR_munmap, %eax
	mov	%rbx, %rdi
	mov	cave_size(%rip), %rsi
	syscall

/* ---- stay a moment, so that the tool can put the thread back exactly ---- */
hold:
	mov	$__NR_ppoll, %eax
	xor	%edi, %edi
	xor	%esi, %esi
	lea	hold_time(%rip), %rdx
	xor	%r10d, %r10d
	mov	$8, %r8d
	syscall

/*
 * ---- the way home, when nobody came ----
 * What became pending meanwhile is delivered inside this ppoll, under the thread's own mask; it says
 * EINTR if and only if a handler ran, and then the interrupted call has to say EINTR too.
 */
	.globl cave_home
cave_home:
	mov	$__NR_ppoll, %eax
	xor	%edi, %edi
	xor	%esi, %esi
	lea	no_time(%rip), %rdx
	lea	cave_mask(%rip), %r10
	mov	$8, %r8d
	syscall
	mov	%eax, %ebx
	mov	$__NR_rt_sigprocmask, %eax
	mov	$2, %edi
	lea	cave_mask(%rip), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	lea	EINTR(%rbx), %ecx	/* 0 iff a handler ran; tested by jrcxz, which leaves flags alone */
	mov	cave_flags(%rip), %eax	/* al: overflow, ah: the low flags */
	add	$0x7f, %al
	sahf
	.globl cave_direction
cave_direction:
	cld				/* std if the direction flag was set */
	mov	regs+8(%rip), %rbx
	mov	regs+24(%rip), %rdx
	mov	regs+32(%rip), %rsi
	mov	regs+40(%rip), %rdi
	mov	regs+48(%rip), %rbp
	mov	regs+56(%rip), %r8
	mov	regs+64(%rip), %r9
	mov	regs+72(%rip), %r10
	mov	regs+80(%rip), %r11
	mov	regs+88(%rip), %r12
	mov	regs+96(%rip), %r13
	mov	regs+104(%rip), %r14
	mov	regs+112(%rip), %r15
	jrcxz	2f
	mov	regs+16(%rip), %rcx
	mov	regs(%rip), %rax
	.globl cave_jump, cave_jump_intr
cave_jump:
	notrack jmp *cave_rip(%rip)	/* a far jump where the thread is a 32-bit one */
2:	mov	regs+16(%rip), %rcx
	mov	cave_rax_intr(%rip), %rax
cave_jump_intr:
	notrack jmp *cave_rip_intr(%rip)

	.globl cave_scratch, cave_size, cave_mask, cave_flags, cave_rip, cave_rip_intr
	.globl cave_rax_intr, cave_regs
	.balign 8
cave_scratch:	.quad 0
cave_size:	.quad 0
cave_mask:	.quad 0
cave_rip:	.quad 0
cave_rip_intr:	.quad 0
cave_rax_intr:	.quad 0
all_signals:	.quad -1
hold_time:	.quad 0, 20000000
no_time:	.quad 0			/* overlaps the next */
deadman:	.quad 0, 300000000
cave_regs:
regs:		.fill 15, 8, 0		/* rax rbx rcx rdx rsi rdi rbp r8 ... r15 */
cave_flags:	.long 0
	.balign 8
cave_code_end:
	.section .note.GNU-stack, "", @progbits
