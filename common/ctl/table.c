/* SPDX-License-Identifier: MIT */
#include "ctl/table.h"

#include <stdbool.h>
#include <string.h>

#include "ctl/divert.h"

/* code.S walks these. */
struct row {
	uint64_t nr, arg[6], ret;
};

#define ALIGN(n) (((n) + 15) & ~(size_t)15)

static size_t bytes_of(const struct call *c)
{
	size_t bytes = 0;

	for (int i = 0; i < 6; i++)
		if (c->arg[i].how != CALL_VALUE)
			bytes += ALIGN(c->arg[i].len);
	return bytes;
}

static size_t start(const struct table *t)
{
	return t->at ? t->at : ALIGN(sizeof(struct scratch_head));
}

static struct row *row_at(const struct table *t, size_t i)
{
	return (struct row *)(t->local + start(t)) + i;
}

/* How many of the calls fit together with their bytes. */
static size_t fit(const struct table *t, const struct call *calls, size_t n, size_t most)
{
	size_t room = t->end - start(t), i;

	for (i = 0; i < n && i < most; i++) {
		size_t need = sizeof(struct row) + bytes_of(&calls[i]);
		if (need > room)
			break;
		room -= need;
	}
	return i;
}

static size_t fill_row(const struct table *t, const struct call *c, struct row *r, size_t at)
{
	*r = (struct row){.nr = (uint64_t)c->nr};
	for (int i = 0; i < 6; i++) {
		const struct call_arg *a = &c->arg[i];
		if (a->how == CALL_VALUE) {
			r->arg[i] = a->value;
			continue;
		}
		r->arg[i] = t->remote + at;
		if (a->how == CALL_OUT)
			memset(t->local + at, 0, a->len);
		else
			memcpy(t->local + at, a->cptr, a->len);
		at += ALIGN(a->len);
	}
	return at;
}

size_t table_fill(struct table *t, const struct call *calls, size_t n, size_t most, size_t *used)
{
	size_t at;

	t->rows = fit(t, calls, n, most);
	at = start(t) + t->rows * sizeof(struct row);
	for (size_t i = 0; i < t->rows; i++)
		at = fill_row(t, &calls[i], row_at(t, i), at);
	*used = at;
	return t->rows;
}

void table_aim(const struct table *t)
{
	struct scratch_head *head = (struct scratch_head *)t->local;

	head->first = t->remote + start(t);
	head->last = head->first + t->rows * sizeof(struct row);
}

void table_fetch(const struct table *t, struct call *calls)
{
	size_t at = start(t) + t->rows * sizeof(struct row);

	for (size_t i = 0; i < t->rows; i++) {
		calls[i].ret = (int64_t)row_at(t, i)->ret;
		for (int j = 0; j < 6; j++) {
			struct call_arg *a = &calls[i].arg[j];
			if (a->how == CALL_VALUE)
				continue;
			if (a->how != CALL_IN)
				memcpy(a->ptr, t->local + at, a->len);
			at += ALIGN(a->len);
		}
	}
}
