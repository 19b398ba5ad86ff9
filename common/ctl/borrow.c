/* SPDX-License-Identifier: MIT */
/* Asking about descriptors of another process through short-lived duplicates. Never stops anybody.
 */
#include "ctl/borrow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/fd_tables.h"

struct borrow {
	int pidfd;
	bool own; /* not the handle's, but one of a thread */
};

/* The duplicate (close-on-exec), or -errno. */
static int take(const struct borrow *b, uint64_t fd)
{
	int dup = (int)syscall(SYS_pidfd_getfd, b->pidfd, (int)fd, 0);

	return dup < 0 ? -errno : dup;
}

/* What a failure to take a descriptor says of the whole way: 0 if it is about that descriptor only.
 */
static int whole_failure(int err)
{
	switch (err) {
	case -EPERM: return ERR_PERM;
	case -ESRCH: return ERR_GONE;
	case -ENOSYS:
	case -EINVAL:
	case ERR_OLDKERNEL: return ERR_OLDKERNEL;
	default: return 0;
	}
}

/* A process whose leader has died gives its descriptors away through a thread that lives: the one whose are listed. */
static int pidfd_of_thread(const struct proc *p)
{
	pid_t tid;

	if (fd_table_owner(p, &tid) != 0 || tid == proc_pid(p))
		return -1;
	return fd_table_pidfd(tid);
}

int borrow_open(struct proc *p, struct borrow **out)
{
	struct borrow *b;
	int err, dup;

	if (proc_pidfd(p) < 0)
		return ERR_OLDKERNEL;
	b = malloc(sizeof(*b));
	if (!b)
		return -ENOMEM;
	*b = (struct borrow){.pidfd = proc_pidfd(p)};
	/* The right is looked at before the number: no process has a descriptor -1. */
	dup = take(b, (uint64_t)-1);
	if (dup == -ESRCH && proc_check(p) == 0) {
		b->pidfd = pidfd_of_thread(p);
		b->own = b->pidfd >= 0;
		dup = b->own ? take(b, (uint64_t)-1) : ERR_OLDKERNEL;
	}
	err = whole_failure(dup);
	if (dup >= 0)
		close(dup);
	if (err) {
		borrow_close(b);
		return err;
	}
	*out = b;
	return 0;
}

void borrow_close(struct borrow *b)
{
	if (b && b->own)
		close(b->pidfd);
	free(b);
}

static int64_t run_here(const struct call *c, int dup)
{
	uint64_t a[6];
	long ret;

	if ((c->nr == SYS_fcntl && c->arg[1].value == F_GETFD) || call_may_wait(c))
		return -ENOTSUP;
	for (unsigned i = 0; i < 6; i++) {
		const struct call_arg *arg = &c->arg[i];

		a[i] = arg->how == CALL_VALUE ? arg->value : (uint64_t)(uintptr_t)arg->ptr;
	}
	ret = syscall(c->nr, dup, a[1], a[2], a[3], a[4], a[5]);
	return ret < 0 ? -errno : ret;
}

/* Runs the calls on the first one's descriptor, as many as follow each other; at least one. */
static size_t run_group(struct call *calls, size_t n, int dup)
{
	size_t i = 0;

	do {
		calls[i].ret = dup < 0 ? dup : run_here(&calls[i], dup);
		i++;
	} while (i < n && call_on_descriptor(&calls[i]) &&
		calls[i].arg[0].value == calls[0].arg[0].value);
	if (dup >= 0)
		close(dup);
	return i;
}

int borrow_batch(struct borrow *b, struct call *calls, size_t n, size_t *done)
{
	size_t i;

	*done = 0;
	for (i = 0; i < n; i++) {
		if (call_allowed(&calls[i]) < 0)
			return ERR_REFUSED;
	}
	for (i = 0; i < n; *done = i) {
		int dup, err;

		if (!call_on_descriptor(&calls[i])) {
			calls[i++].ret = -ENOTSUP;
			continue;
		}
		dup = take(b, calls[i].arg[0].value);
		err = dup < 0 ? whole_failure(dup) : 0;
		if (err)
			return err;
		i += run_group(&calls[i], n - i, dup);
	}
	return 0;
}
