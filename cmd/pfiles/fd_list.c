/* SPDX-License-Identifier: MIT */
#include "fd_list.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Digits, within int. */
static bool number(const char **s, int *out)
{
	const char *p = *s;
	int v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return false;
	}
	if (p == *s)
		return false;
	*s = p;
	*out = v;
	return true;
}

/* n, n-m or n-, then a comma or the end. */
static bool range(const char **s, struct fd_range *r)
{
	if (!number(s, &r->from))
		return false;
	r->to = r->from;
	if (**s == '-') {
		++*s;
		r->to = INT_MAX;
		if (**s && **s != ',' && !number(s, &r->to))
			return false;
	}
	if (**s == ',' && (*s)[1])
		++*s;
	else if (**s)
		return false;
	return r->from <= r->to;
}

bool fd_list_parse(const char *text, struct fd_list *out)
{
	*out = (struct fd_list){0};
	do {
		struct fd_range *grown = reallocarray(out->range, out->n + 1, sizeof(*grown));

		if (grown)
			out->range = grown;
		if (!grown || !range(&text, &grown[out->n++])) {
			fd_list_free(out);
			return false;
		}
	} while (*text);
	return true;
}

void fd_list_free(struct fd_list *l)
{
	free(l->range);
	*l = (struct fd_list){0};
}

bool fd_list_has(const struct fd_list *l, int fd)
{
	for (size_t i = 0; i < l->n; i++) {
		if (fd >= l->range[i].from && fd <= l->range[i].to)
			return true;
	}
	return l->n == 0;
}

void fd_list_keep(const struct fd_list *l, struct fds *open)
{
	size_t n = 0;

	for (size_t i = 0; i < open->n; i++) {
		if (fd_list_has(l, open->fd[i]))
			open->fd[n++] = open->fd[i];
	}
	open->n = n;
}

static bool is_open(const struct fds *open, int fd)
{
	for (size_t i = 0; i < open->n; i++) {
		if (open->fd[i] == fd)
			return true;
	}
	return false;
}

int fd_list_missing(const struct fd_list *l, const struct fds *open, int after)
{
	int found = -1;

	for (size_t i = 0; i < l->n; i++) {
		int fd = l->range[i].from;

		/* Only single numbers: of a range, some are expected not to be there. */
		if (l->range[i].to != fd || fd <= after || is_open(open, fd))
			continue;
		if (found < 0 || fd < found)
			found = fd;
	}
	return found;
}
