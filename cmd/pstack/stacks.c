/* SPDX-License-Identifier: MIT */
#include "stacks.h"

#include <errno.h>

#include "base/err.h"
#include "proc/core_proc.h"
#include "proc/status.h"

#define MORE      (8U << 20) /* a piece of the stack, where SNAP_MOST was not enough */
#define EVEN_MORE (512U << 20)

static int give_maps(void *ctx, map_fn *fn, void *arg)
{
	const struct picture *pic = ctx;

	return maps_each(pic->p, fn, arg);
}

static int open_space(struct picture *pic, const char *dir)
{
	const struct space_target target = {
		.live = pic->core ? NULL : pic->p,
		.maps = give_maps,
		.read = picture_read,
		.ctx = pic,
		.dir = dir,
	};
	int err = space_open(&target, &pic->space);

	return err ? err : unwind_open(pic->space, &pic->unwind);
}

/* What /proc/PID/task/TID/syscall shows as arguments are the registers that hold them, whatever is in them. */
static void add_arguments(struct regs *r, const struct snap *s)
{
	static const unsigned char wide[] = {REGS64_RDI, REGS64_RSI, REGS64_RDX, REGS64_R8 + 2,
		REGS64_R8, REGS64_R8 + 1},
				   narrow[] = {REGS32_EBX, REGS32_ECX, REGS32_EDX, REGS32_ESI,
					   REGS32_EDI, REGS32_EBP};
	const unsigned char *order = s->context.narrow ? narrow : wide;

	for (unsigned i = 0; s->nr != -1 && i < 6; i++) {
		r->v[order[i]] = s->context.narrow ? (uint32_t)s->arg[i] : s->arg[i];
		r->have |= 1u << order[i];
	}
}

static void stack_of(const struct picture *pic, const struct thread *t, struct unwind_stack *out)
{
	const struct snap *s = &t->snap;
	const struct context *c = &s->context;

	*out = (struct unwind_stack){0};
	if (c->full)
		regs_from_user(&out->regs, &c->user);
	else
		regs_from_sleep(&out->regs, c->narrow ? REGS_I386 : REGS_X86_64, c->pc, c->sp);
	if (!c->full)
		add_arguments(&out->regs, s);
	if (!s->pieces)
		return;
	out->start = s->piece[0].addr;
	out->bytes = pic->arena->base + s->piece[0].at;
	out->size = s->piece[0].len;
}

static bool has_handler(const struct picture *pic, const struct thread *t)
{
	const struct frame *f = picture_frames(pic, t);

	for (size_t i = 0; i < t->frames; i++) {
		if (f[i].trampoline)
			return true;
	}
	return false;
}

/* The signals that the thread blocks; only asked for if a handler of its runs. */
static bool blocked(const struct picture *pic, const struct thread *t, uint64_t *out)
{
	struct status st;

	if (!pic->core) {
		if (status_read(pic->p, t->snap.tid, &st))
			return false;
		*out = st.sig_blocked;
		return true;
	}
	for (size_t i = 0; i < proc_core_threads(pic->p); i++) {
		const struct core_thread *c = proc_core_thread(pic->p, i);

		*out = c->blocked;
		if (c->tid == t->snap.tid)
			return true;
	}
	return false;
}

static int unwind_by(struct picture *pic, const struct opts *o, struct thread *t,
	const struct unwind_stack *stack)
{
	int err;

	pic->now = t;
	pic->cut = false;
	t->first = pic->frames.n;
	err = unwind_thread(pic->unwind, stack, o->limit, &pic->frames, &t->end);
	pic->now = NULL;
	t->frames = pic->frames.n - t->first;
	return err;
}

static int unwind_once(struct picture *pic, const struct opts *o, struct thread *t)
{
	struct unwind_stack stack;
	int err;

	stack_of(pic, t, &stack);
	err = unwind_by(pic, o, t, &stack);
	if (err || !has_handler(pic, t))
		return err;
	stack.has_blocked = blocked(pic, t, &stack.blocked);
	return unwind_by(pic, o, t, &stack);
}

/* Whether there is more to be had of it: registers, or more of its stack. */
static bool lacks(const struct picture *pic, const struct thread *t)
{
	return (t->end.end == UNWIND_NEEDS && t->snap.how == SNAP_ASLEEP) || pic->cut;
}

/* Tries what would make more of it; t->why says why not. */
static int unwind_again(
	struct picture *pic, const struct opts *o, struct taking *take, struct thread *t)
{
	int err = 0;

	pic->cut = t->cut;
	if (t->end.end == UNWIND_NEEDS) {
		t->why = take_again(take, t, SNAP_MOST);
		if (!t->why)
			err = unwind_once(pic, o, t);
	}
	for (size_t most = MORE; !err && pic->cut && most <= EVEN_MORE; most *= 64) {
		t->why = take_again(take, t, most);
		if (t->why)
			break;
		err = unwind_once(pic, o, t);
	}
	return err;
}

/* All of them first, as they were taken; then those that lack something once more. */
static int unwind_all(struct picture *pic, const struct opts *o, struct taking *take)
{
	int err = 0;

	for (size_t i = 0; !err && i < pic->n; i++) {
		struct thread *t = &pic->thread[i];

		if (t->snap.how == SNAP_NONE)
			continue;
		err = unwind_once(pic, o, t);
		t->cut = pic->cut;
		t->lacks = !err && take && lacks(pic, t);
		if (t->lacks)
			take_look(take, t);
	}
	for (size_t i = 0; !err && i < pic->n; i++) {
		if (pic->thread[i].lacks)
			err = unwind_again(pic, o, take, &pic->thread[i]);
	}
	return err;
}

static int add_names(struct picture *pic, const struct thread *t)
{
	const struct frame *f = picture_frames(pic, t);
	int err = 0;

	for (size_t i = 0; !err && i < t->frames; i++)
		err = names_add(&pic->names, frame_lookup(&f[i]));
	return err;
}

int stacks_understand(
	struct picture *pic, const struct opts *o, struct taking *take, const char *dir)
{
	int err = open_space(pic, dir);

	pic->frames.keep_regs = o->args;
	if (!err)
		err = unwind_all(pic, o, take);
	for (size_t i = 0; !err && i < pic->n; i++)
		err = add_names(pic, &pic->thread[i]);
	return err ? err : names_resolve(&pic->names, pic->space);
}
