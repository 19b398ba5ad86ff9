/* SPDX-License-Identifier: MIT */
/*
 * Theory
 *
 * A walk holds the registers of one frame and looks for those of its caller. What to do depends only on the pc, so it is
 * found once (struct place) and kept for all threads: a thousand threads asleep in the same function cost one look into
 * the tables. Then a step is some words out of the copy of the stack.
 *
 * A pc is a return address, and the instruction before it tells the function and its rules, unless the frame was interrupted
 * there: the innermost one, and the one below a signal trampoline, are exact.
 *
 * Not all registers need be known. A thread asleep is read without stopping it, and only its pc and stack pointer are to be
 * had; as long as functions count from the stack pointer, or have saved what their callers need, that is enough. Where
 * not, the walk says what it lacks (UNWIND_NEEDS).
 *
 * Ends. The tables mark the outermost frame by an undefined return address (glibc's _start and clone do). Otherwise the stack
 * is at fault: damaged, or changed while it was looked at, or made by a hostile program. A frame's stack pointer is above
 * its callee's, so that a walk ends with the stack; only a signal's own stack, and coroutines, leave that order. They
 * are allowed so many times (SWITCHES), and a walk that meets the same pc and sp again is going round: the pair is
 * compared with one kept from the last power of two of frames (Brent), which finds any circle.
 */
#include "sym/unwind.h"

#include <errno.h>
#include <stdlib.h>

#include "sym/walk.h"

enum { SWITCHES = 256 };

static const char *const words[] = {
	[UNWIND_BOTTOM] = "outermost frame",
	[UNWIND_NEEDS] = "registers are not known",
	[UNWIND_UNREADABLE] = "stack memory cannot be read",
	[UNWIND_NOWHERE] = "return address is in no code",
	[UNWIND_NOTABLE] = "no unwind information",
	[UNWIND_BADTABLE] = "damaged unwind information",
	[UNWIND_LOOP] = "stack leads back to itself",
	[UNWIND_LIMIT] = "more frames",
};

const char *unwind_end_str(enum unwind_end end)
{
	return end < sizeof(words) / sizeof(*words) ? words[end] : "?";
}

int unwind_open(struct space *s, struct unwind **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->space = s;
	return 0;
}

void unwind_close(struct unwind *u)
{
	if (!u)
		return;
	places_forget(u);
	free(u);
}

void unwind_refresh(struct unwind *u)
{
	places_forget(u);
}

void frames_free(struct frames *f)
{
	free(f->v);
	free(f->regs);
	*f = (struct frames){.keep_regs = f->keep_regs};
}

static int grow(struct frames *f)
{
	size_t cap = f->cap ? 2 * f->cap : 64;
	struct frame *v = reallocarray(f->v, cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	f->v = v;
	if (f->keep_regs) {
		struct regs *regs = reallocarray(f->regs, cap, sizeof(*regs));

		if (!regs)
			return -ENOMEM;
		f->regs = regs;
	}
	f->cap = cap;
	return 0;
}

/* What is known on the way besides the registers. */
struct way {
	struct walk w;
	bool exact;
	uint8_t how;
	unsigned switches;
	size_t steps, mark_at; /* Brent's */
	uint64_t mark_pc, mark_sp;
};

static uint64_t pc_of(const struct way *y)
{
	return y->w.regs.v[regs_pc(y->w.regs.machine)];
}

static uint64_t sp_of(const struct way *y)
{
	return y->w.regs.v[regs_sp(y->w.regs.machine)];
}

static int add_frame(struct way *y, const struct place *p, struct frames *f)
{
	int err = f->n == f->cap ? grow(f) : 0;

	if (err)
		return err;
	f->v[f->n] = (struct frame){.pc = pc_of(y),
		.sp = sp_of(y),
		.how = y->how,
		.exact = y->exact,
		.trampoline =
			p->kind == PLACE_TRAMPOLINE || (p->kind == PLACE_CFI && p->row.signal)};
	if (f->keep_regs)
		f->regs[f->n] = y->w.regs;
	f->n++;
	return 0;
}

/* Whether the caller that was found can be one. */
static bool advances(struct way *y, uint64_t before, bool switches)
{
	uint64_t pc = pc_of(y), sp = sp_of(y);

	/* A signal may well have come because 0 was called. */
	if (!pc && !switches)
		return walk_end(&y->w, UNWIND_BOTTOM, 0);
	if (!regs_has(&y->w.regs, regs_sp(y->w.regs.machine)))
		return walk_end(&y->w, UNWIND_BADTABLE, pc);
	if (sp <= before && !switches && ++y->switches > SWITCHES)
		return walk_end(&y->w, UNWIND_LOOP, sp);
	if (switches && ++y->switches > SWITCHES && sp <= before)
		return walk_end(&y->w, UNWIND_LOOP, sp);
	if (pc == y->mark_pc && sp == y->mark_sp)
		return walk_end(&y->w, UNWIND_LOOP, sp);
	if (++y->steps >= y->mark_at) {
		y->mark_at *= 2;
		y->mark_pc = pc;
		y->mark_sp = sp;
	}
	return true;
}

/* From the frame at `p` to its caller. */
static bool leave(struct way *y, const struct place *p, struct frame *f)
{
	uint64_t pc = pc_of(y), sp = sp_of(y);

	if (f->trampoline)
		f->signal = machine_signal(&y->w.regs, (enum machine_trampoline)p->trampoline,
			walk_read, &y->w, &y->w.blocked, &y->w.blocked_known);
	switch (p->kind) {
	case PLACE_CFI:
		y->how = FRAME_CFI;
		return walk_by_row(&y->w, p) && advances(y, sp, f->trampoline);
	case PLACE_TRAMPOLINE:
		y->how = FRAME_CFI;
		return walk_by_signal(&y->w, p) && advances(y, sp, true);
	case PLACE_NOTABLE:
		return walk_by_pointer(&y->w, y->exact, &y->how) &&
			(sp_of(y) > sp ? advances(y, sp, false) : walk_end(&y->w, UNWIND_LOOP, sp));
	case PLACE_NOWHERE:
		/* A call of an address where no code is has left its return address on top. */
		y->how = FRAME_LEAF;
		return (y->exact && walk_by_leaf(&y->w)) || walk_end(&y->w, UNWIND_NOWHERE, pc);
	case PLACE_ENTRY: return walk_end(&y->w, UNWIND_BOTTOM, 0);
	default: return walk_end(&y->w, UNWIND_BADTABLE, pc);
	}
}

int unwind_thread(struct unwind *u, const struct unwind_stack *stack, size_t limit,
	struct frames *frames, struct unwind_result *result)
{
	struct way y = {.w = {.u = u,
				.stack = stack,
				.regs = stack->regs,
				.result = result,
				.blocked = stack->blocked,
				.blocked_known = stack->has_blocked},
		.exact = true,
		.how = FRAME_FIRST,
		.mark_at = 2};
	size_t n = 0;

	*result = (struct unwind_result){.end = UNWIND_LIMIT};
	do {
		struct place *p = place_of(u, stack->regs.machine, pc_of(&y), y.exact);
		int err;

		if (!p)
			return -ENOMEM;
		/* A return address to nowhere is no frame. */
		if (n && p->kind == PLACE_NOWHERE && !y.exact) {
			(void)walk_end(&y.w, UNWIND_NOWHERE, pc_of(&y));
			break;
		}
		err = add_frame(&y, p, frames);
		if (err)
			return err;
		if (++n == limit)
			break;
		if (!leave(&y, p, &frames->v[frames->n - 1]))
			break;
		y.exact = frames->v[frames->n - 1].trampoline;
	} while (true);
	return 0;
}
