/* SPDX-License-Identifier: MIT */
#include "sources.h"

static int take(const struct source *src, void *arg)
{
	struct sources *out = arg;

	/* The last one is the function itself: it is kept whatever comes before. */
	if (out->n == SOURCES_MOST)
		out->n--;
	out->v[out->n++] = *src;
	return 0;
}

void sources_of(struct picture *pic, uint64_t addr, struct sources *out)
{
	out->n = 0;
	(void)!source_each(pic->space, addr, take, out);
}

bool sources_args(struct picture *pic, const struct thread *t, size_t i, struct buf *out)
{
	const struct source_memory memory = {picture_read, pic};
	const struct frame *f = picture_frames(pic, t);
	bool known;

	if (!pic->frames.regs)
		return false;
	pic->now = t;
	known = source_add_args(
		pic->space, frame_lookup(&f[i]), &pic->frames.regs[t->first + i], &memory, out);
	pic->now = NULL;
	return known;
}
