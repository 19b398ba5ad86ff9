/* SPDX-License-Identifier: MIT */
#include "proc/fd_tables.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"
#include "proc/stat_line.h"

int fd_table_owner(const struct proc *p, pid_t *tid)
{
	struct handle_place place = {0};
	int err = handle_living(p, &place);

	*tid = proc_pid(p);
	if (!err)
		(void)sscanf(place.prefix, "task/%d/", tid);
	return err;
}

/* 1, 0 or -errno; -ESRCH: one of the two is gone. */
static int same_table(pid_t a, pid_t b)
{
	long c = a == b ? 0 : syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0);

	return c < 0 ? -errno : c == 0;
}

/* A thread that exits has no table from some moment on. */
static bool is_exiting(const struct proc *p, pid_t tid)
{
	struct stat_line s;
	char rel[40];

	snprintf(rel, sizeof(rel), "task/%d/stat", tid);
	return stat_line_read(p, rel, &s) != 0 || stat_line_exiting(&s);
}

bool fd_table_is_shared(const struct proc *p, pid_t tid)
{
	pid_t first;

	return fd_table_owner(p, &first) == 0 && same_table(first, tid) == 1;
}

static int append(struct threads *t, pid_t tid)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16;
		pid_t *grown = reallocarray(t->tid, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->tid = grown;
		t->cap = cap;
	}
	t->tid[t->n++] = tid;
	return 0;
}

/* all: the threads of p. */
static int find_apart(const struct proc *p, const struct threads *all, struct threads *out)
{
	pid_t first;
	int err = fd_table_owner(p, &first);

	for (size_t i = 0; i < all->n && !err; i++) {
		int same = same_table(first, all->tid[i]);

		if (same == 0 && !is_exiting(p, all->tid[i]) && !is_exiting(p, first))
			err = append(out, all->tid[i]);
		else if (same < 0 && same != -ESRCH)
			err = same;
	}
	return err;
}

int fd_tables_apart(const struct proc *p, struct threads *out)
{
	struct threads all = {0};
	int err = proc_is_live(p) ? threads_list(p, &all) : 0;

	if (!err && all.n > 1)
		err = find_apart(p, &all, out);
	threads_free(&all);
	return err;
}
