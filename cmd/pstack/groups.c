/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t digest(const struct picture *pic, const struct thread *t, enum groups_by by)
{
	const struct frame *f = picture_frames(pic, t);
	uint64_t h = mix((uint64_t)t->snap.nr, t->frames);

	for (size_t i = 0; i < t->frames; i++)
		h = mix(h, f[i].pc);
	for (const char *s = t->name; by == GROUPS_NAME && *s; s++)
		h = mix(h, (unsigned char)*s);
	return h;
}

static bool same(const struct picture *pic, const struct thread *a, const struct thread *b,
	enum groups_by by)
{
	const struct frame *x = picture_frames(pic, a), *y = picture_frames(pic, b);

	if (a->frames != b->frames || a->snap.nr != b->snap.nr || a->zombie != b->zombie ||
		a->why != b->why || a->snap.how != b->snap.how || a->end.end != b->end.end)
		return false;
	if (by == GROUPS_NAME && strcmp(a->name, b->name) != 0)
		return false;
	for (size_t i = 0; i < a->frames; i++) {
		if (x[i].pc != y[i].pc || x[i].signal != y[i].signal)
			return false;
	}
	return a->kernel.len == b->kernel.len &&
		!memcmp(buf_cstr(&a->kernel), buf_cstr(&b->kernel), a->kernel.len);
}

/* For each thread the first one like it: by a table of digests, open addressing. */
static int find_first(const struct picture *pic, enum groups_by by, size_t *first)
{
	size_t slots = 64, *slot;

	while (slots < pic->n * 2)
		slots *= 2;
	slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	for (size_t i = 0; i < pic->n; i++) {
		const struct thread *t = &pic->thread[i];
		size_t at = digest(pic, t, by) & (slots - 1);

		while (slot[at] && !same(pic, &pic->thread[slot[at] - 1], t, by))
			at = (at + 1) & (slots - 1);
		if (!slot[at])
			slot[at] = i + 1;
		first[i] = slot[at] - 1;
	}
	free(slot);
	return 0;
}

/* Members counted, then put where the counts say. */
static void arrange(struct groups *g, const size_t *first, size_t n, size_t *group)
{
	for (size_t i = 0; i < n; i++) {
		if (first[i] == i)
			group[i] = g->n++;
		else
			group[i] = group[first[i]];
		g->from[group[i] + 1]++;
	}
	for (size_t i = 0; i < g->n; i++)
		g->from[i + 1] += g->from[i];
	for (size_t i = n; i-- > 0;)
		g->member[--g->from[group[i] + 1]] = i;
	/* Each count has been used up to its group's beginning. */
	for (size_t i = 0; i < g->n; i++)
		g->from[i] = g->from[i + 1];
	g->from[g->n] = n;
}

int groups_make(const struct picture *pic, enum groups_by by, struct groups *out)
{
	size_t n = pic->n ? pic->n : 1, *first = calloc(n, sizeof(*first)),
	       *group = calloc(n, sizeof(*group));
	int err = 0;

	*out = (struct groups){.member = calloc(n, sizeof(*out->member)),
		.from = calloc(n + 2, sizeof(*out->from))};
	if (!first || !group || !out->member || !out->from)
		err = -ENOMEM;
	for (size_t i = 0; !err && by == GROUPS_ALONE && i < pic->n; i++)
		first[i] = i;
	if (!err && by != GROUPS_ALONE)
		err = find_first(pic, by, first);
	if (!err)
		arrange(out, first, pic->n, group);
	free(first);
	free(group);
	if (err)
		groups_free(out);
	return err;
}

void groups_free(struct groups *g)
{
	free(g->member);
	free(g->from);
	*g = (struct groups){0};
}
