/* SPDX-License-Identifier: MIT */
#include "proc/spans.h"

#include <errno.h>
#include <stdlib.h>

#include "proc/maps.h"

static int take(const struct map *m, void *arg)
{
	struct spans *s = arg;

	if (!m->read)
		return 0;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 256;
		struct span *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = (struct span){m->start, m->end, m->write, m->ino != 0};
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

int spans_read(const struct proc *p, struct spans *out)
{
	int err;

	out->n = 0;
	out->reading++;
	err = maps_each(p, take, out);
	/* The kernel lists in order; a recording or a core file may not. */
	for (size_t i = 1; !err && i < out->n; i++) {
		if (out->v[i].start >= out->v[i - 1].start)
			continue;
		qsort(out->v, out->n, sizeof(*out->v), ascending);
		break;
	}
	return err;
}

void spans_free(struct spans *s)
{
	free(s->v);
	*s = (struct spans){0};
}

const struct span *spans_find(const struct spans *s, uint64_t addr)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->v[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->v[lo].start <= addr ? &s->v[lo] : NULL;
}
