/* SPDX-License-Identifier: MIT */
/*
 * 64- and 32-bit programs on x86_64. Instructions: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
 * Signal frames: asm/sigcontext.h, asm/ucontext.h, and the kernel's struct rt_sigframe, whose size is part of its
 * interface.
 */
#include "sym/machine.h"

#include <string.h>

/* call through register or memory: FF /2, of n bytes with its operand. */
static bool indirect(const unsigned char *p, size_t n)
{
	unsigned mod = p[1] >> 6, rm = p[1] & 7;
	size_t size = 2;

	if (p[0] != 0xff || (p[1] >> 3 & 7) != 2)
		return false;
	if (mod != 3 && rm == 4)
		size++; /* SIB */
	if (mod == 1)
		size++;
	else if (mod == 2 || (mod == 0 && rm == 5))
		size += 4;
	else if (mod == 0 && rm == 4 && (p[2] & 7) == 5)
		size += 4; /* no base */
	return size == n;
}

bool machine_after_call(enum regs_machine machine, const unsigned char before[MACHINE_CALL])
{
	const unsigned char *end = before + MACHINE_CALL;

	if (end[-5] == 0xe8)
		return true;
	for (size_t n = 2; n <= MACHINE_CALL; n++) {
		if (indirect(end - n, n))
			return true;
	}
	/* sysenter and int 0x80 lead back to behind them as well, but not by a return address. */
	return machine == REGS_I386 && before[0] == 0x9a; /* far */
}

enum machine_trampoline machine_trampoline(
	enum regs_machine machine, const unsigned char code[MACHINE_TRAMPOLINE])
{
	/* mov $15 (rt_sigreturn), %rax; syscall */
	static const unsigned char rt64[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	/* mov $15, %eax; syscall */
	static const unsigned char rt64_short[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
	/* mov $173 (rt_sigreturn), %eax; int $0x80 */
	static const unsigned char rt32[] = {0xb8, 0xad, 0, 0, 0, 0xcd, 0x80};
	/* pop %eax; mov $119 (sigreturn), %eax; int $0x80 */
	static const unsigned char old32[] = {0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80};

	if (machine == REGS_X86_64)
		return memcmp(code, rt64, sizeof(rt64)) == 0 ||
				memcmp(code, rt64_short, sizeof(rt64_short)) == 0
			? TRAMPOLINE_RT
			: TRAMPOLINE_NONE;
	if (memcmp(code, rt32, sizeof(rt32)) == 0)
		return TRAMPOLINE_RT;
	return memcmp(code, old32, sizeof(old32)) == 0 ? TRAMPOLINE_OLD : TRAMPOLINE_NONE;
}

/* Where the kernel's struct ucontext keeps the machine's registers, and siginfo begins behind it. */
enum { UC64_GREGS = 40, SIGINFO64 = 304, UC32_GREGS = 20 };

/* struct sigcontext: register numbers in its order; -1: none that we follow. */
static const signed char order64[] = {8, 9, 10, 11, 12, 13, 14, 15, REGS64_RDI, REGS64_RSI,
	REGS64_RBP, REGS64_RBX, REGS64_RDX, REGS64_RAX, REGS64_RCX, REGS64_RSP, REGS64_PC};
static const signed char order32[] = {-1, -1, -1, -1, REGS32_EDI, REGS32_ESI, REGS32_EBP,
	REGS32_ESP, REGS32_EBX, REGS32_EDX, REGS32_ECX, REGS32_EAX, -1, -1, REGS32_PC};

static uint8_t credible(uint64_t signal)
{
	return signal >= 1 && signal <= 64 ? (uint8_t)signal : 0;
}

uint8_t machine_signal(const struct regs *regs, machine_read *read, void *ctx)
{
	uint64_t sp = regs->v[regs_sp(regs->machine)], signal = 0;

	/* 64 bits: behind struct ucontext, si_signo; 32 bits: the handler's first argument. */
	if (!read(ctx, regs->machine == REGS_X86_64 ? sp + SIGINFO64 : sp, 4, &signal))
		return 0;
	return credible(signal);
}

bool machine_interrupted(struct regs *regs, enum machine_trampoline kind, machine_read *read,
	void *ctx, uint8_t *signal, uint64_t *where)
{
	bool wide = regs->machine == REGS_X86_64;
	const signed char *order = wide ? order64 : order32;
	size_t n = wide ? sizeof(order64) : sizeof(order32);
	uint64_t sp = regs->v[regs_sp(regs->machine)], at = sp + UC64_GREGS;
	unsigned word = wide ? 8 : 4;

	*signal = machine_signal(regs, read, ctx);
	if (!wide && kind == TRAMPOLINE_OLD)
		at = sp + 4;
	else if (!wide) {
		/* The handler's third argument: the context. */
		*where = sp + 8;
		if (!read(ctx, sp + 8, 4, &at))
			return false;
		at += UC32_GREGS;
	}
	for (size_t i = 0; i < n; i++) {
		*where = at + i * word;
		if (order[i] >= 0 && !read(ctx, *where, word, &regs->v[order[i]]))
			return false;
	}
	regs->have = regs_all(regs->machine);
	return true;
}

int machine_prologue(enum regs_machine machine, const unsigned char before[MACHINE_PROLOGUE],
	const unsigned char code[MACHINE_PROLOGUE])
{
	/* endbr64 or endbr32 comes first where the compiler was told so. */
	bool wide = machine == REGS_X86_64;
	const unsigned char endbr[] = {0xf3, 0x0f, 0x1e, wide ? 0xfa : 0xfb, 0x55};
	const unsigned char mov[2][3] = {{0x89, 0xe5}, {0x48, 0x89, 0xe5}};
	const unsigned char mov_load[2][3] = {{0x8b, 0xec}, {0x48, 0x8b, 0xec}};
	size_t n = wide ? 3 : 2;

	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		return 0;
	if (code[0] == 0x55 &&
		(memcmp(code + 1, mov[wide], n) == 0 || memcmp(code + 1, mov_load[wide], n) == 0))
		return 0;
	if (before[MACHINE_PROLOGUE - 1] == 0x55 &&
		(memcmp(code, mov[wide], n) == 0 || memcmp(code, mov_load[wide], n) == 0))
		return 1;
	return -1;
}
