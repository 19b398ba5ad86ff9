/* SPDX-License-Identifier: MIT */
#include "proc/fd_tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
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

int fd_table_same(pid_t a, pid_t b)
{
	long c = a == b ? 0 : syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0);

	return c < 0 ? -errno : c == 0;
}

#define PIDFD_OF_THREAD O_EXCL /* PIDFD_THREAD, Linux 6.9 */

int fd_table_pidfd(pid_t tid)
{
	int fd = (int)syscall(SYS_pidfd_open, tid, PIDFD_OF_THREAD);

	return fd < 0 ? -errno : fd;
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

	return fd_table_owner(p, &first) == 0 && fd_table_same(first, tid) == 1;
}

/* Of all threads, keeps those. */
static int keep_apart(const struct proc *p, struct threads *t)
{
	size_t n = t->n;
	pid_t first;
	int err = fd_table_owner(p, &first);

	t->n = 0;
	for (size_t i = 0; i < n && !err; i++) {
		int same = fd_table_same(first, t->tid[i]);

		if (same == 0 && !is_exiting(p, t->tid[i]) && !is_exiting(p, first))
			t->tid[t->n++] = t->tid[i];
		else if (same < 0 && same != -ESRCH)
			err = same;
	}
	return err;
}

int fd_tables_apart(const struct proc *p, struct threads *out)
{
	int err = proc_is_live(p) && !threads_alone(p) ? threads_list(p, out) : 0;

	if (!err && out->n > 1)
		return keep_apart(p, out);
	out->n = 0;
	return err;
}
