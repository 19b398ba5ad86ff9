/* SPDX-License-Identifier: MIT */
#include "picture.h"

#include <stdlib.h>

#include "proc/core_proc.h"

#define PAGE 4096

struct thread *picture_add(struct picture *pic)
{
	if (pic->n == pic->cap) {
		size_t cap = pic->cap ? pic->cap * 2 : 16;
		struct thread *grown = reallocarray(pic->thread, cap, sizeof(*grown));

		if (!grown)
			return NULL;
		pic->thread = grown;
		pic->cap = cap;
	}
	pic->thread[pic->n] = (struct thread){.state = '?'};
	return &pic->thread[pic->n++];
}

void picture_clear(struct picture *pic)
{
	for (size_t i = 0; i < pic->n; i++)
		buf_free(&pic->thread[i].kernel);
	pic->n = 0;
	buf_clear(&pic->command);
	names_free(&pic->names);
	frames_free(&pic->frames);
	if (pic->unwind)
		unwind_close(pic->unwind);
	if (pic->space)
		space_close(pic->space);
	pic->unwind = NULL;
	pic->space = NULL;
	snap_arena_close(pic->arena);
	pic->arena = NULL;
	pic->now = NULL;
	pic->insn_known = false;
	pic->asleep = pic->stopped = 0;
	pic->longest_ns = pic->held_ns = 0;
	pic->held = false;
	pic->culprit = 0;
}

void picture_free(struct picture *pic)
{
	picture_clear(pic);
	free(pic->thread);
	spans_free(&pic->maps);
	buf_free(&pic->command);
}

/* The process as it is by now: all of the bytes, or those up to the end of a page. */
static size_t read_now(const struct picture *pic, uint64_t addr, void *to, size_t n)
{
	size_t done = 0;

	if (pic->core)
		return proc_core_read(pic->p, addr, to, n);
	if (!proc_read_mem(pic->p, addr, to, n))
		return n;
	while (done < n) {
		size_t some = PAGE - (addr + done) % PAGE;

		if (some > n - done)
			some = n - done;
		if (proc_read_mem(pic->p, addr + done, (char *)to + done, some))
			break;
		done += some;
	}
	return done;
}

size_t picture_read(void *ctx, uint64_t addr, void *to, size_t n)
{
	struct picture *pic = ctx;
	size_t got = 0;

	if (pic->now)
		got = snap_read(&pic->now->snap, pic->arena->base, addr, to, n);
	if (got == n)
		return n;
	if (pic->now && snap_was_cut(&pic->now->snap, &pic->maps, addr + got)) {
		pic->cut = true;
		return got;
	}
	return got + read_now(pic, addr + got, (char *)to + got, n - got);
}
