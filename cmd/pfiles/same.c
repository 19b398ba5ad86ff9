/* SPDX-License-Identifier: MIT */
/*
 * kcmp(2) puts open files in an order, which is all that sorting needs. Only those are compared that agree in
 * what one open file cannot have twice: inode, mode, flags.
 */
#include "same.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "look.h"

struct sorting {
	const struct facts *f;
	const struct proc *p;
	pid_t pid;
	int err;
};

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_facts(const struct desc *x, const struct desc *y)
{
	int c = compare(x->ino, y->ino);

	c = c ? c : compare(x->dev_major, y->dev_major);
	c = c ? c : compare(x->dev_minor, y->dev_minor);
	c = c ? c : compare(x->mode, y->mode);
	c = c ? c : compare(x->kind, y->kind);
	return c ? c : compare(x->flags, y->flags);
}

/* KCMP_FILE gives 0 equal, 1 less, 2 greater, 3 unequal without an order. */
static int by_kcmp(struct sorting *s, int x, int y)
{
	long c = s->err ? 0 : syscall(SYS_kcmp, s->pid, s->pid, KCMP_FILE, x, y);

	if (c < 0 && errno != EBADF)
		s->err = -errno;
	return c == 0 ? 0 : c == 1 ? -1 : 1;
}

static int by_file(const void *a, const void *b, void *arg)
{
	struct sorting *s = arg;
	const struct desc *x = &s->f->desc[*(const uint32_t *)a];
	const struct desc *y = &s->f->desc[*(const uint32_t *)b];
	int c = x == y ? 0 : by_facts(x, y);

	c = c || x == y ? c : by_kcmp(s, x->fd, y->fd);
	return c ? c : compare((unsigned)x->fd, (unsigned)y->fd);
}

static bool can_be_compared(const struct desc *d)
{
	return d->state == DESC_OK && !d->err_stat && !d->err_flags;
}

/* Asked behind kcmp(2), which knows numbers only: the file that the facts are about may have left its number. */
static bool is_still_there(const struct sorting *s, const struct desc *d)
{
	char rel[32];
	struct statx now;

	snprintf(rel, sizeof(rel), "fd/%d", d->fd);
	return statx(proc_dirfd(s->p), rel, AT_STATX_DONT_SYNC, STATX_INO, &now) == 0 &&
		look_same_inode(d, &now);
}

/* Whether the two, neighbours in the order, are one open file. */
static bool twins(struct sorting *s, const struct desc *x, const struct desc *y)
{
	return by_facts(x, y) == 0 && by_kcmp(s, x->fd, y->fd) == 0 && !s->err &&
		is_still_there(s, x) && is_still_there(s, y);
}

static void join(struct sorting *s, struct facts *f, const uint32_t *order, size_t n)
{
	for (size_t i = 0, first = 0; i < n; i++) {
		bool more = i + 1 < n && twins(s, &f->desc[order[i]], &f->desc[order[i + 1]]);

		f->desc[order[i]].twin = more ? order[i + 1] : order[first];
		if (!more)
			first = i + 1;
	}
}

int same_find(const struct proc *p, struct facts *f)
{
	struct sorting s = {.f = f, .p = p, .pid = proc_pid(p)};
	uint32_t *order = malloc((f->ndesc ? f->ndesc : 1) * sizeof(*order));
	size_t n = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < f->ndesc; i++) {
		f->desc[i].twin = (uint32_t)i;
		if (can_be_compared(&f->desc[i]))
			order[n++] = (uint32_t)i;
	}
	qsort_r(order, n, sizeof(*order), by_file, &s);
	if (!s.err)
		join(&s, f, order, n);
	f->err_twins = s.err;
	free(order);
	return 0;
}
