/* SPDX-License-Identifier: MIT */
#ifndef VICTIM_REGS_H
#define VICTIM_REGS_H

/* Offsets in struct regs, for the assembler. */
#define REGS_FLAGS 128
#define REGS_SPIN  136
#define REGS_LEVEL 144
#define REGS_RED   160
#define REGS_X87   288
#define REGS_MASK  320
#define REGS_VEC   384

/* How far the vector registers go. */
#define LEVEL_SSE    0
#define LEVEL_AVX    1
#define LEVEL_AVX512 2

/* Condition flags and the direction flag. */
#define REGS_FLAG_BITS 0xcd5

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* gpr: ax bx cx dx si di bp sp r8-r15. On i386 only the low halves of the first eight. */
struct regs {
	uint64_t gpr[16];
	uint64_t flags, spin, level, unused;
	uint64_t red[16]; /* the 128 bytes below the stack pointer; not on i386 */
	int64_t x87[4];
	uint64_t mask[8]; /* k1-k7 in 1-7 */
	uint8_t vec[32][64];
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct regs, flags) == REGS_FLAGS, "regs.h");
_Static_assert(offsetof(struct regs, red) == REGS_RED, "regs.h");
_Static_assert(offsetof(struct regs, x87) == REGS_X87, "regs.h");
_Static_assert(offsetof(struct regs, vec) == REGS_VEC, "regs.h");

/* Loads regs_in into the processor, spins, stores the processor into regs_out. (regs64.S, regs32.S)
 */
extern struct regs regs_in, regs_out;
void regs_hold(void);

/*
 * One round with fresh patterns and `spin` turns: NULL, or the name of what had changed. `below`
 * bytes of the stack below are watched too (0: none; more than REGS_STACK).
 */
#define REGS_STACK 1024
const char *regs_round(uint32_t spin, size_t below);
#endif

#endif
