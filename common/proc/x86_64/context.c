/* SPDX-License-Identifier: MIT */
/* x86_64 and i386. */
#include "proc/context.h"

#include <string.h>

#define USER_CS   0x33
#define USER32_CS 0x23
#define USER_DS   0x2b
#define RED_ZONE  128

/* struct user_regs_struct32 of the kernel's arch/x86/include/asm/user32.h. */
struct user32 {
	uint32_t bx, cx, dx, si, di, bp, ax, ds, es, fs, gs, orig_ax, ip, cs, flags, sp, ss;
};
_Static_assert(sizeof(struct user32) == 68, "17 words");

void context_sleeper(struct context *out, bool narrow, uint64_t sp, uint64_t pc)
{
	*out = (struct context){.narrow = narrow, .sp = sp, .pc = pc};
}

static void widen(struct user_regs_struct *out, const struct user32 *u)
{
	*out = (struct user_regs_struct){
		.rbx = u->bx,
		.rcx = u->cx,
		.rdx = u->dx,
		.rsi = u->si,
		.rdi = u->di,
		.rbp = u->bp,
		.rax = u->ax,
		.ds = u->ds,
		.es = u->es,
		.fs = u->fs,
		.gs = u->gs,
		.orig_rax = (uint64_t)(int64_t)(int32_t)u->orig_ax,
		.rip = u->ip,
		.cs = USER32_CS,
		.eflags = u->flags,
		.rsp = u->sp,
		.ss = u->ss,
	};
}

bool context_user(struct context *out, const void *user, size_t n)
{
	struct user32 u;

	*out = (struct context){.full = true};
	if (n == sizeof(u)) {
		memcpy(&u, user, n);
		widen(&out->user, &u);
	} else if (n == sizeof(out->user)) {
		memcpy(&out->user, user, n);
	} else {
		return false;
	}
	out->narrow = out->user.cs == USER32_CS;
	out->pc = out->narrow ? (uint32_t)out->user.rip : out->user.rip;
	out->sp = out->narrow ? (uint32_t)out->user.rsp : out->user.rsp;
	return true;
}

long context_call(const struct context *c, uint64_t arg[6])
{
	const struct user_regs_struct *u = &c->user;
	const uint64_t wide[6] = {u->rdi, u->rsi, u->rdx, u->r10, u->r8, u->r9};
	const uint64_t narrow[6] = {u->rbx, u->rcx, u->rdx, u->rsi, u->rdi, u->rbp};

	for (int i = 0; i < 6; i++)
		arg[i] = c->narrow ? (uint32_t)narrow[i] : wide[i];
	return c->full ? (int32_t)u->orig_rax : -1;
}

uint64_t context_red_zone(const struct context *c)
{
	return c->narrow ? 0 : RED_ZONE;
}

/* 64 bits: ... sp, ip, flags, then cs, gs, fs, ss in one word. */
static inline bool saved64(const uint64_t *w, size_t i, uint64_t *sp)
{
	if (i < 3 || (w[i] & 0xffff) != USER_CS || w[i] >> 48 != USER_DS)
		return false;
	*sp = w[i - 3];
	return true;
}

/* 32 bits: ... ip, cs, flags, sp at the signal, ss. */
static inline bool saved32(const uint32_t *w, size_t n, size_t i, uint64_t *sp)
{
	if (n - i <= 3 || w[i] != USER32_CS || w[i + 3] != USER_DS)
		return false;
	*sp = w[i + 2];
	return true;
}

size_t context_next_saved(bool narrow, const void *words, size_t n, size_t i, uint64_t *sp)
{
	for (; i < n; i++) {
		if (narrow ? saved32(words, n, i, sp) : saved64(words, i, sp))
			return i + 1;
	}
	return 0;
}
