/* SPDX-License-Identifier: MIT */
#include "proc/access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "proc/handle.h"
#include "proc/status.h"
#include "proc/threads.h"

/* Whether the kernel lets us look: one link that it guards by ptrace read rights alone. */
static int look_below(const struct proc *p, const char *prefix)
{
	char rel[HANDLE_PREFIX + 8];
	struct buf link = {0};
	int err;

	snprintf(rel, sizeof(rel), "%scwd", prefix);
	err = proc_read_link(p, rel, &link);
	buf_free(&link);
	if (err == -EACCES || err == -EPERM)
		return ERR_PERM;
	/* Without a name (a directory longer than a page, unreachable) it was still not denied. */
	return err == ERR_GONE ? err : 0;
}

static int try_look(const struct proc *p)
{
	struct handle_place place = {0};
	int err = handle_living(p, &place);

	return err || !proc_is_live(p) ? err : look_below(p, place.prefix);
}

int access_check_status(const struct proc *p, struct status *s)
{
	int err = status_read(p, 0, s);

	if (err == -EACCES || err == -EPERM)
		return ERR_PERM; /* hidepid=1 */
	if (err)
		return err == -ESRCH || err == -ENOENT ? ERR_GONE : err;
	if (s->kthread)
		return ERR_KTHREAD;
	if (s->state == 'X' || s->state == 'x')
		return ERR_GONE;
	if (s->state == 'Z' && s->threads <= 1)
		return ERR_ZOMBIE;
	err = try_look(p);
	/* It became one meanwhile. */
	if (err == ERR_GONE && status_read(p, 0, s) == 0 && s->state == 'Z')
		return ERR_ZOMBIE;
	return err;
}

/* The first thread of a process has a directory as long as it lives; the kernel's own have one, too. */
int access_check(const struct proc *p)
{
	struct status s;

	if (p->has_opened && !p->opened.kernel && look_below(p, "") == 0)
		return 0;
	return access_check_status(p, &s);
}

/* The tracer of any thread: one tid alone may be traced. */
static pid_t tracer_of(const struct proc *p)
{
	struct threads t = {0};
	struct status s;
	pid_t tracer = 0;

	if (status_read(p, 0, &s) == 0 && s.tracer)
		return s.tracer;
	if (threads_list(p, &t) == 0) {
		for (size_t i = 0; i < t.n && !tracer; i++)
			tracer = status_read(p, t.tid[i], &s) == 0 ? s.tracer : 0;
	}
	threads_free(&t);
	return tracer;
}

static const char keeper[] = "(ptools-keeper)"; /* pstop(1) */

/* " by pid 77 (gdb)"; false, and nothing: it has let go meanwhile, or is in a pid namespace that we cannot see. */
static bool add_tracer(const struct proc *p, struct buf *out)
{
	pid_t tracer = tracer_of(p);

	if (!tracer)
		return false;
	buf_fmt(out, " by pid %d (", tracer);
	proc_comm_of(tracer, out);
	buf_chr(out, ')');
	return true;
}

static void explain_tracer(const struct proc *p, struct buf *out)
{
	if (add_tracer(p, out) && out->len > sizeof(keeper) &&
		strstr(buf_cstr(out) + out->len - sizeof(keeper) - 1, keeper))
		buf_str(out, "; prun lets go of what pstop holds");
}

static void explain_keeper(const struct proc *p, struct buf *out)
{
	if (add_tracer(p, out))
		buf_str(out, "; run as its user or as root (sudo), or end it: kill is enough");
}

void proc_explain(const struct proc *p, int err, struct buf *out)
{
	buf_str(out, err_str(err == -EACCES || err == -EPERM ? ERR_PERM : err));
	switch (err) {
	case ERR_TRACED: explain_tracer(p, out); break;
	case ERR_KEEPER: explain_keeper(p, out); break;
	case ERR_PERM:
	case -EACCES:
	case -EPERM:
		buf_str(out, ": ");
		access_explain(p, out);
		break;
	default: break;
	}
}
