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
	else if (mod == 0 && rm == 4 && n > 2 && (p[2] & 7) == 5)
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

bool machine_after_syscall(enum regs_machine machine, const unsigned char before[2])
{
	static const unsigned char syscall[] = {0x0f, 0x05}, sysenter[] = {0x0f, 0x34},
				   int80[] = {0xcd, 0x80};

	if (memcmp(before, int80, sizeof(int80)) == 0)
		return true;
	return memcmp(before, machine == REGS_X86_64 ? syscall : sysenter, sizeof(syscall)) == 0;
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
enum {
	UC64_GREGS = 40,
	UC64_MASK = 296,
	SIGINFO64 = 304, /* struct siginfo, with the number first */
	UC32_GREGS = 20,
	UC32_MASK = 108,
	SC32_OLDMASK = 80,
};

/* struct sigcontext: register numbers in its order; -1: none that we follow. */
static const signed char order64[] = {8, 9, 10, 11, 12, 13, 14, 15, REGS64_RDI, REGS64_RSI,
	REGS64_RBP, REGS64_RBX, REGS64_RDX, REGS64_RAX, REGS64_RCX, REGS64_RSP, REGS64_PC};
static const signed char order32[] = {-1, -1, -1, -1, REGS32_EDI, REGS32_ESI, REGS32_EBP,
	REGS32_ESP, REGS32_EBX, REGS32_EDX, REGS32_ECX, REGS32_EAX, -1, -1, REGS32_PC};

/* Where the frame has its parts. False: it cannot be read. */
struct parts {
	uint64_t gregs, mask, signal;
	unsigned mask_size;
	bool always; /* the number is written whatever the handler asked for */
};

static bool find_parts(const struct regs *regs, enum machine_trampoline kind, machine_read *read,
	void *ctx, struct parts *out)
{
	uint64_t sp = regs->v[regs_sp(regs->machine)], uc;

	if (regs->machine == REGS_X86_64) {
		*out = (struct parts){sp + UC64_GREGS, sp + UC64_MASK, sp + SIGINFO64, 8, false};
		return true;
	}
	if (kind == TRAMPOLINE_OLD) {
		*out = (struct parts){sp + 4, sp + 4 + SC32_OLDMASK, sp, 4, true};
		return true;
	}
	/* The handler's third argument: the context. */
	if (!read(ctx, sp + 8, 4, &uc))
		return false;
	*out = (struct parts){uc + UC32_GREGS, uc + UC32_MASK, sp, 8, true};
	return true;
}

uint8_t machine_signal(const struct regs *regs, enum machine_trampoline kind, machine_read *read,
	void *ctx, uint64_t *blocked, bool *known)
{
	uint64_t before, written = 0, added = 0;
	struct parts p;
	bool had = *known, has;

	if (!find_parts(regs, kind, read, ctx, &p))
		return 0;
	has = read(ctx, p.mask, p.mask_size, &before);
	if (had && has)
		added = *blocked & ~before;
	*known = has && p.mask_size == 8;
	*blocked = before;
	if (had && has && added && !(added & (added - 1)))
		return (uint8_t)(__builtin_ctzll(added) + 1);
	/* More than one, or none: then the number that is there, if it can have been written for this signal. */
	if (!read(ctx, p.signal, 4, &written) || written < 1 || written > 64)
		return 0;
	if (p.always || (added >> (written - 1) & 1))
		return (uint8_t)written;
	return 0;
}

bool machine_interrupted(struct regs *regs, enum machine_trampoline kind, machine_read *read,
	void *ctx, uint64_t *where)
{
	bool wide = regs->machine == REGS_X86_64;
	const signed char *order = wide ? order64 : order32;
	size_t n = wide ? sizeof(order64) : sizeof(order32);
	unsigned word = wide ? 8 : 4;
	struct parts p;

	*where = regs->v[regs_sp(regs->machine)];
	if (!find_parts(regs, kind, read, ctx, &p))
		return false;
	for (size_t i = 0; i < n; i++) {
		*where = p.gregs + i * word;
		if (order[i] >= 0 && !read(ctx, *where, word, &regs->v[order[i]]))
			return false;
	}
	regs->have = regs_all(regs->machine);
	return true;
}

/*
 * What may stand before the push, and leaves the stack as it was: endbr64 or endbr32; in 32-bit code that needs its own address,
 * a call of a function that gives it and an addition to that. Returns the bytes skipped.
 */
static size_t before_push(bool wide, const unsigned char *code, size_t n)
{
	const unsigned char endbr[] = {0xf3, 0x0f, 0x1e, wide ? 0xfa : 0xfb};
	size_t at = 0;

	if (n >= sizeof(endbr) && memcmp(code, endbr, sizeof(endbr)) == 0)
		at = sizeof(endbr);
	if (wide)
		return at;
	if (n - at > 5 && code[at] == 0xe8)
		at += 5;
	if (n - at > 5 && code[at] == 0x05) /* add to eax */
		at += 5;
	else if (n - at > 6 && code[at] == 0x81 && (code[at + 1] & 0xf8) == 0xc0)
		at += 6;
	return at;
}

/* mov from the stack pointer to the frame pointer, in either way to write it. */
static bool is_mov(bool wide, const unsigned char *code)
{
	if (wide && *code++ != 0x48)
		return false;
	return (code[0] == 0x89 && code[1] == 0xe5) || (code[0] == 0x8b && code[1] == 0xec);
}

int machine_prologue(enum regs_machine machine, unsigned char before, const unsigned char *code)
{
	bool wide = machine == REGS_X86_64;
	size_t at = before_push(wide, code, MACHINE_PROLOGUE - 4);

	if (code[at] == 0x55 && is_mov(wide, code + at + 1))
		return 0;
	if (before == 0x55 && is_mov(wide, code))
		return 1;
	/* ret; mov (%esp), %reg; ret */
	if (code[0] == 0xc3 || code[0] == 0xc2)
		return 0;
	if (!wide && code[0] == 0x8b && (code[1] & 0xc7) == 0x04 && code[2] == 0x24 &&
		code[3] == 0xc3)
		return 0;
	return -1;
}
