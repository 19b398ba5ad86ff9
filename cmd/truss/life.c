/* SPDX-License-Identifier: MIT */
/*
 * A child or a new thread of a traced thread is traced by the kernel from its first instruction on. Two reports tell of
 * it, in any order: its maker's (EVENT_NEW) and its own first stop. All is done at the latter: a maker that is killed in
 * between never tells, and nobody would let the newborn go on.
 */
#include "life.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "calls.h"
#include "counts.h"
#include "event.h"
#include "show.h"
#include "start.h"

bool life_read_status(pid_t tid, struct status *out)
{
	char path[32], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text);
	close(fd);
	return n > 0 && status_parse(text, (size_t)n, out) == 0;
}

void life_first_stop(struct truss *t, struct thread *thr)
{
	if (thr->asked) {
		thr->asked = false;
		trace_settle(thr->tid, thr->late);
		attach_begun(t, thr);
	}
	event_resume(t, thr, 0);
}

/* The CLONE_* of the call that a thread is in. False: they cannot be read, or it is no such call. */
static bool clone_flags(struct thread *maker, uint64_t *flags)
{
	const struct sysent *e = maker->in_call ? maker->call.ent : NULL;

	*flags = 0;
	if (!e || !(e->flags & SYSENT_FORK))
		return false;
	if (!strcmp(e->name, "clone3"))
		return memory_number(&maker->memory, maker->call.arg[0], 8, flags);
	if (!strcmp(e->name, "clone"))
		*flags = maker->call.arg[0];
	return true;
}

bool life_shares_handlers(struct thread *maker)
{
	uint64_t flags;

	if (!clone_flags(maker, &flags))
		return true;
	return flags & CLONE_SIGHAND && !(flags & CLONE_THREAD);
}

/* What the maker's call says of whom it has made, without a look into /proc. False: not enough. */
static bool told_by_call(struct thread *maker, pid_t born, struct status *s)
{
	uint64_t flags;

	if (!clone_flags(maker, &flags))
		return false;
	if (flags & CLONE_PARENT && !(flags & CLONE_THREAD))
		return false;
	s->tgid = flags & CLONE_THREAD ? maker->process->pid : born;
	s->ppid = maker->process->pid;
	return true;
}

void life_made(struct truss *t, struct thread *thr)
{
	struct born *b = &t->born[t->nborn++ % BORN_KEPT];
	struct status s;
	uint64_t tid;

	if (trace_message(thr->tid, &tid) == 0 && told_by_call(thr, (pid_t)tid, &s))
		*b = (struct born){(pid_t)tid, s.tgid, s.ppid};
	event_resume(t, thr, 0);
}

/*
 * Whose a newborn is: as its maker has told already, or is about to tell, else from /proc. Only tgid and ppid
 * of *s are filled.
 */
static bool origin_of(struct truss *t, pid_t tid, struct status *s)
{
	struct thread *maker = t->forking ? thread_find(&t->table, t->forking) : NULL;
	struct trace_stop stop;
	uint64_t made;

	for (int i = 0; i < BORN_KEPT; i++) {
		if (t->born[i].tid != tid)
			continue;
		s->tgid = t->born[i].tgid;
		s->ppid = t->born[i].ppid;
		t->born[i].tid = 0;
		return true;
	}
	if (maker && trace_wait(maker->tid, 0, &stop) == 1 && stop.kind == TRACE_NEW &&
		trace_message(maker->tid, &made) == 0 && (pid_t)made == tid &&
		told_by_call(maker, tid, s))
		return true;
	return life_read_status(tid, s);
}

static void show_birth(struct truss *t, struct thread *thr, pid_t parent, bool thread)
{
	struct process *p = process_find(&t->table, thread ? thr->process->pid : parent);
	struct shown_birth b = {.parent = parent, .thread = thread};

	/* The last such call that its maker was seen in; none was seen under a filter. */
	b.call = p && p->made_by ? p->made_by : thread ? "clone" : "fork";
	if (!t->o->count && !t->o->npaths &&
		set_has(&t->o->trace, options_call_bit(sysent_named(ABI_X86_64, b.call))))
		t->show->birth(t, thr, &b);
}

/* Who is to be traced: its process; NULL: nobody wants it. */
static struct process *home_of(struct truss *t, pid_t tid, const struct status *s)
{
	struct process *p = process_find(&t->table, s->tgid);
	struct process *parent;

	if (p)
		return p->tids && !tid_ranges_has(p->tids, tid) ? NULL : p;
	if (!t->o->follow && !t->filtered)
		return NULL;
	p = process_get(&t->table, s->tgid);
	parent = process_find(&t->table, s->ppid);
	if (p)
		p->born_here = true;
	if (p)
		p->quiet = !t->o->follow || (parent && parent->quiet);
	return p;
}

void life_newborn(struct truss *t, const struct trace_stop *stop)
{
	struct process *p = NULL;
	struct thread *thr = NULL;
	struct status s;

	if (origin_of(t, stop->tid, &s))
		p = home_of(t, stop->tid, &s);
	if (p)
		thr = thread_add(&t->table, stop->tid, p);
	if (!thr) {
		(void)!trace_detach(stop->tid, 0);
		return;
	}
	if (!p->quiet)
		show_birth(t, thr, s.tgid == stop->tid ? s.ppid : s.tgid, s.tgid != stop->tid);
	if (stop->kind == TRACE_GROUP_STOP)
		(void)!trace_resume(thr->tid, TRACE_LISTEN, 0);
	else
		event_resume(t, thr, 0);
}

void life_quiet(struct thread *thr, const struct trace_stop *stop)
{
	enum trace_how how = stop->kind == TRACE_GROUP_STOP ? TRACE_LISTEN : TRACE_RUN;
	int signal = stop->kind == TRACE_SIGNAL ? stop->signal : 0;

	(void)!trace_resume(thr->tid, how, signal);
}

static void note_command(struct truss *t, const struct trace_stop *stop)
{
	t->command_dead = true;
	t->command_status = stop->signal ? 128 + stop->signal : stop->status;
	start_ended(t);
}

void life_dead(struct truss *t, struct thread *thr, const struct trace_stop *stop)
{
	pid_t pid = thr->process->pid;

	calls_flush(t, thr);
	if (!thr->process->quiet && t->o->count)
		counts_dead(t, thr);
	else if (!thr->process->quiet)
		t->show->death(t, thr, stop);
	if (stop->tid == t->command)
		note_command(t, stop);
	trace_reap(stop->tid);
	thread_remove(&t->table, thr);
	if (!process_find(&t->table, pid))
		attach_left(t, pid);
}

void life_stray(struct truss *t, const struct trace_stop *stop)
{
	if (stop->kind == TRACE_STOPPED) {
		trace_take(stop->tid);
		return;
	}
	if (stop->tid == t->command)
		note_command(t, stop);
	trace_reap(stop->tid);
}
