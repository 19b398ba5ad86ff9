/* SPDX-License-Identifier: MIT */
#include "handlers.h"

#include "proc/core_proc.h"
#include "proc/status.h"

/* uc_flags, uc_link, uc_stack, uc_mcontext: the mask of a 64-bit thread comes behind them. */
#define MASK_AT (8 + 8 + 24 + 256)

static uint64_t blocked_now(const struct picture *pic, const struct thread *t)
{
	struct status st;

	if (!pic->core)
		return status_read(pic->p, t->snap.tid, &st) ? 0 : st.sig_blocked;
	for (size_t i = 0; i < proc_core_threads(pic->p); i++) {
		const struct core_thread *c = proc_core_thread(pic->p, i);

		if (c->tid == t->snap.tid)
			return c->blocked;
	}
	return 0;
}

static unsigned settle(uint64_t inside, uint64_t outside, unsigned told)
{
	uint64_t by_handler = inside & ~outside;

	if (by_handler && !(by_handler & (by_handler - 1)))
		return (unsigned)__builtin_ctzll(by_handler) + 1;
	return told && told <= 64 && by_handler >> (told - 1) & 1 ? told : 0;
}

void handlers_settle(struct picture *pic, const struct thread *t)
{
	struct frame *f = pic->frames.v + t->first;
	uint64_t inside = 0, outside;
	bool known = false;

	for (size_t i = 0; !t->snap.context.narrow && i < t->frames; i++) {
		if (!f[i].trampoline)
			continue;
		if (!known)
			inside = blocked_now(pic, t);
		known = true;
		pic->now = t;
		if (picture_read(pic, f[i].sp + MASK_AT, &outside, sizeof(outside)) !=
			sizeof(outside))
			outside = inside;
		pic->now = NULL;
		f[i].signal = (uint8_t)settle(inside, outside, f[i].signal);
		inside = outside;
	}
}
