/* SPDX-License-Identifier: MIT */
#include "regs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CANARY 0x5a

static uint64_t next_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static unsigned vector_level(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
		return LEVEL_AVX512;
	if (__builtin_cpu_supports("avx"))
		return LEVEL_AVX;
#endif
	return LEVEL_SSE;
}

static void fill(uint32_t spin)
{
	uint64_t *words = (uint64_t *)&regs_in;

	for (size_t i = 0; i < sizeof(regs_in) / sizeof(*words); i++)
		words[i] = next_random();
#ifndef __x86_64__
	for (unsigned i = 0; i < 8; i++)
		regs_in.gpr[i] = (uint32_t)regs_in.gpr[i];
#endif
	for (unsigned i = 0; i < 4; i++)
		regs_in.x87[i] = (int64_t)next_random() >> 8;
	regs_in.gpr[2] = 0; /* the turns left */
	regs_in.flags = 0x202 | (next_random() & REGS_FLAG_BITS);
	regs_in.spin = spin;
	regs_in.level = vector_level();
	memset(&regs_out, 0, sizeof(regs_out));
}

static bool vectors_differ(void)
{
	static const unsigned width[] = {16, 32, 64};
	unsigned n = 16;

#ifndef __x86_64__
	n = 8;
#endif
	if (regs_in.level == LEVEL_AVX512) {
		n = 32;
		if (memcmp(&regs_in.mask[1], &regs_out.mask[1], 7 * 8) != 0)
			return true;
	}
	for (unsigned i = 0; i < n; i++)
		if (memcmp(regs_in.vec[i], regs_out.vec[i], width[regs_in.level]) != 0)
			return true;
	return false;
}

static const char *difference(void)
{
	static const char *const names[] = {"ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "r8",
		"r9", "r10", "r11", "r12", "r13", "r14", "r15"};
	unsigned n = sizeof(void *) == 8 ? 16 : 8;

	for (unsigned i = 0; i < n; i++)
		if (regs_in.gpr[i] != regs_out.gpr[i])
			return names[i];
	if ((regs_in.flags ^ regs_out.flags) & REGS_FLAG_BITS)
		return "flags";
	if (sizeof(void *) == 8 && memcmp(regs_in.red, regs_out.red, sizeof(regs_in.red)) != 0)
		return "red zone";
	if (memcmp(regs_in.x87, regs_out.x87, sizeof(regs_in.x87)) != 0)
		return "x87 registers";
	return vectors_differ() ? "vector registers" : NULL;
}

/* Not inlined: the canary lies below this very frame, beyond what the calls made here need. */
__attribute__((noinline)) const char *regs_round(uint32_t spin, size_t below)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	volatile uint8_t *low = (volatile uint8_t *)(frame - below);

	fill(spin);
	for (size_t i = 0; i + REGS_STACK < below; i++)
		low[i] = CANARY;
	regs_hold();
	for (size_t i = 0; i + REGS_STACK < below; i++)
		if (low[i] != CANARY)
			return "stack below the stack pointer";
	return difference();
}
