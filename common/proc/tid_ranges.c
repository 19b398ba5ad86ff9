/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "proc/operand.h"

bool tid_ranges_has(const struct tid_ranges *r, pid_t tid)
{
	for (size_t i = 0; i < r->n; i++) {
		if (tid >= r->range[i].from && tid <= r->range[i].to)
			return true;
	}
	return r->n == 0;
}

/* A thread id: digits, not 0, and within pid_t. */
static bool tid(const char **s, pid_t *out)
{
	const char *p = *s;
	int v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return false;
	}
	if (p == *s || !v)
		return false;
	*s = p;
	*out = v;
	return true;
}

/* n, n-m, n-, -m; the ends may stand in either order. */
static bool parse_range(const char **s, struct tid_range *out)
{
	const char *p = *s;

	*out = (struct tid_range){1, INT_MAX};
	if (*p != '-') {
		if (!tid(&p, &out->from))
			return false;
		out->to = out->from;
	}
	if (*p == '-') {
		p++;
		out->to = INT_MAX;
		if (*p && *p != ',' && !tid(&p, &out->to))
			return false;
		if (p[-1] == '-' && p - 1 == *s)
			return false; /* "-" alone */
	}
	if (out->from > out->to)
		*out = (struct tid_range){out->to, out->from};
	*s = p;
	return true;
}

int tid_ranges_parse(const char *list, struct tid_ranges *out)
{
	*out = (struct tid_ranges){0};
	for (;; list++) {
		struct tid_range one, *grown;

		if (!parse_range(&list, &one) || (*list && *list != ',')) {
			tid_ranges_free(out);
			return ERR_BADTIDS;
		}
		grown = reallocarray(out->range, out->n + 1, sizeof(*grown));
		if (!grown) {
			tid_ranges_free(out);
			return -ENOMEM;
		}
		out->range = grown;
		out->range[out->n++] = one;
		if (!*list)
			return 0;
	}
}

void tid_ranges_free(struct tid_ranges *r)
{
	free(r->range);
	*r = (struct tid_ranges){0};
}
