/* SPDX-License-Identifier: MIT */
/*
 * Holding a thread, and nothing of its process
 *
 * A thread that is asked to stop reports signals that come first, which are passed on; then its stop. The report of
 * that is consumed, for there is no signal in it; all others are only peeked at (tracee.h). From then on it
 * listens (PTRACE_LISTEN): it stays where it is, but takes part in the job control of its process. Otherwise a stop
 * of the process would never be complete: its parent would not be told, and a shell would wait for its job
 * for ever. Whatever begins or ends such a stop, the thread reports that it stands again, and is made to listen again.
 * Who listens cannot be let go: it is interrupted, and goes when it has reported that.
 *
 * Death of a held thread is reported, and has to be taken note of at once: the process's own end is kept from its
 * parent until then.
 *
 * Races that have names.
 *   - The runaway: a thread that is asked to stop is about to execute a program, which gives it the number of the first
 *     thread. Whoever was held under either number is no more, unless it was the first thread itself, which then stops
 *     before the first instruction of the new program. That is what PTRACE_O_TRACEEXEC is for.
 *   - The vanished leader: a thread that nobody traces executes a program. A held first thread dies of that, and the
 *     kernel takes it away without a report; under its number there is another now (exec(2), de_thread() in fs/exec.c).
 *     Its death sends SIGCHLD, though; until it is gone it is a zombie of ours. kept_check() looks for them.
 *   - The runaway that was killed before it could say which number it had: the same look finds that.
 *   - The successor: the number of a thread was given to a thread of another process, between the last look and
 *     PTRACE_SEIZE. So whose it is is looked at again after that.
 */
#include "ctl/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/seize.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "ctl/urgent.h"
#include "proc/status.h"
#include "proc/threads.h"

#define SPIN_NS 300000
#define EXEC_MS 20   /* for a process that executes a program; the tool asks again (seize.h) */
#define REPORTS 4096 /* one after the other, before somebody else's turn comes */
#define MORE    24   /* bytes for " and 12345 more" */

static struct kept_thread *find(struct kept *k, pid_t tid)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->thread[i].tid == tid)
			return k->thread + i;
	return NULL;
}

static bool is_of(const struct proc *p, const struct kept_name *name)
{
	return proc_pid(p) == name->pid && proc_start_time(p) == name->start;
}

static struct proc *same_process(struct kept *k, const struct kept_name *name)
{
	for (size_t i = k->n; i-- > 0;)
		if (is_of(k->thread[i].p, name))
			return k->thread[i].p;
	return NULL;
}

static void forget(struct kept *k, struct kept_thread *t)
{
	struct proc *p = t->p;
	bool last = true;

	*t = k->thread[--k->n];
	for (size_t i = 0; i < k->n; i++)
		last &= k->thread[i].p != p;
	if (last)
		proc_close(p);
}

/* It cannot be let go of a thread that dies: that is reported. */
static void detach(struct kept *k, struct kept_thread *t)
{
	if (!trace_detach(t->tid, 0))
		forget(k, t);
}

static void has_stopped(struct kept *k, struct kept_thread *t, const struct trace_stop *s)
{
	if (!t->stopped && s->kind == TRACE_TRAP)
		trace_settle(t->tid, t->late);
	if (t->letting) {
		detach(k, t);
		return;
	}
	/* Who is killed meanwhile has none, and is reported dead. */
	if (!t->stopped)
		t->stopped = !tracee_get_regs(t->tid, &t->regs);
	trace_take(t->tid);
	(void)!trace_resume(t->tid, TRACE_LISTEN, 0);
}

/* "The runaway" */
static void has_executed(struct kept *k, const struct trace_stop *s)
{
	uint64_t former = 0;
	struct kept_thread *t;

	if (trace_message(s->tid, &former) || (pid_t)former == s->tid) {
		(void)!trace_resume(s->tid, TRACE_RUN, 0);
		return;
	}
	(void)!trace_detach(s->tid, 0);
	t = find(k, s->tid);
	if (t)
		forget(k, t);
	t = find(k, (pid_t)former);
	if (t)
		forget(k, t);
}

static void deal_with(struct kept *k, const struct trace_stop *s)
{
	struct kept_thread *t = find(k, s->tid);
	int signal = s->kind == TRACE_SIGNAL ? s->signal : 0;

	if (s->kind == TRACE_DEAD) {
		trace_reap(s->tid);
		if (t)
			forget(k, t);
	} else if (s->kind == TRACE_EXEC) {
		has_executed(k, s);
	} else if (!t) {
		(void)!trace_detach(s->tid, signal);
	} else if (s->kind == TRACE_TRAP || s->kind == TRACE_GROUP_STOP) {
		has_stopped(k, t, s);
	} else {
		(void)!trace_resume(s->tid, TRACE_RUN, signal);
	}
}

void kept_take_reports(struct kept *k)
{
	struct trace_stop s;

	for (int i = 0; i < REPORTS && trace_wait(0, 0, &s) == 1; i++)
		deal_with(k, &s);
}

/*
 * Some calls would return EINTR for the stop, and are made to start over as soon as it is reported: that is waited for
 * here, some microseconds, so that a SIGKILL finds no time in between.
 */
static enum kept_state await_report(struct kept *k, pid_t tid)
{
	uint64_t begun = tracee_clock();
	struct kept_thread *t;
	struct trace_stop s;

	for (;;) {
		int got = trace_wait(tid, 0, &s);

		if (got == 1)
			deal_with(k, &s);
		t = find(k, tid);
		if (!t || (t->stopped && !t->letting))
			return t ? KEPT_STANDS : KEPT_NOT;
		if (got < 0 || tracee_clock() - begun > SPIN_NS)
			return KEPT_ASKED;
		if (!got)
			urgent_wait(begun);
	}
}

static enum kept_state interrupt(struct kept *k, pid_t tid)
{
	bool urgent = urgent_begin();
	enum kept_state state = KEPT_ASKED;

	/* Who is dying says so. */
	if (!tracee_interrupt(tid))
		state = await_report(k, tid);
	if (urgent)
		urgent_end();
	return state;
}

static bool is_ours(const struct kept_thread *t, struct status *s)
{
	return !status_read(t->p, t->tid, s) && s->tracer == getpid();
}

/* Before it is taken, so that nothing can go wrong afterwards. */
static int make_room(struct kept *k)
{
	size_t cap = k->cap ? k->cap * 2 : 16;
	struct kept_thread *grown;

	if (k->n < k->cap)
		return 0;
	grown = reallocarray(k->thread, cap, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	k->thread = grown;
	k->cap = cap;
	return 0;
}

/* The kernel has one word for a stranger's thread, one that is traced, and one that is dead. */
static int why_refused(const struct proc *p, pid_t tid, int err)
{
	struct status s;

	if (err != ERR_PERM)
		return err == ERR_GONE ? ERR_NOTHREAD : err;
	if (strchr("ZX?", thread_state(p, tid)))
		return ERR_NOTHREAD;
	return status_read(p, tid, &s) == 0 && s.tracer ? ERR_TRACED : ERR_PERM;
}

/* 0: p is the thread's, or was and is closed; else still the caller's. */
static int take(struct kept *k, struct proc *p, pid_t tid, enum kept_state *state)
{
	struct thread_place at;
	bool late, stranger;
	int err = make_room(k);

	if (err)
		return err;
	if (thread_state(p, tid) == '?')
		return ERR_NOTHREAD;
	late = thread_place(p, tid, &at) == 0 && at.running;
	err = seize_within(p, tid, TRACE_ALONE, EXEC_MS);
	if (err)
		return why_refused(p, tid, err);
	stranger = thread_state(p, tid) ==
		'?'; /* "the successor"; or it has died, which is reported */
	k->thread[k->n++] =
		(struct kept_thread){.p = p, .tid = tid, .late = late, .letting = stranger};
	*state = interrupt(k, tid);
	return 0;
}

/* One that we have, or *state is KEPT_NOT. */
static void have_already(struct kept *k, const struct kept_name *name, enum kept_state *state)
{
	struct kept_thread *t = find(k, name->tid);
	struct status s;

	*state = KEPT_NOT;
	if (t && !is_ours(t, &s)) {
		forget(k, t); /* "the vanished leader" */
	} else if (t && is_of(t->p, name)) {
		t->letting = false;
		*state = t->stopped ? KEPT_STANDS : KEPT_ASKED;
	}
}

int kept_hold(struct kept *k, const struct kept_name *name, enum kept_state *state)
{
	struct proc *p, *opened = NULL;
	int err = 0;

	have_already(k, name, state);
	if (*state != KEPT_NOT)
		return 0;
	if (name->pid == getpid())
		return ERR_SELF;
	p = same_process(k, name);
	if (!p) {
		err = proc_open(name->pid, &opened);
		p = opened;
	}
	if (!err && !is_of(p, name))
		err = ERR_GONE;
	if (!err)
		err = take(k, p, name->tid, state);
	if (err)
		proc_close(opened);
	return err;
}

enum kept_state kept_let_go(struct kept *k, const struct kept_name *name)
{
	struct kept_thread *t = find(k, name->tid);
	struct status s;

	if (!t || !is_of(t->p, name))
		return KEPT_NOT;
	if (!is_ours(t, &s)) {
		forget(k, t);
		return KEPT_NOT;
	}
	t->letting = true;
	if (!t->stopped)
		return KEPT_ASKED;
	return interrupt(k, t->tid) == KEPT_NOT ? KEPT_NOT : KEPT_STANDS;
}

enum kept_state kept_registers(
	struct kept *k, const struct kept_name *name, struct user_regs_struct *out)
{
	struct kept_thread *t = find(k, name->tid);
	struct status s;

	if (!t || !is_of(t->p, name) || !is_ours(t, &s))
		return KEPT_NOT;
	*out = t->regs;
	return t->stopped && !t->letting ? KEPT_STANDS : KEPT_ASKED;
}

bool kept_check(struct kept *k)
{
	bool again = false;
	struct status s;

	for (size_t i = k->n; i-- > 0;) {
		if (!is_ours(k->thread + i, &s))
			forget(k, k->thread + i);
		else
			again |= s.state == 'Z';
	}
	return again;
}

void kept_list(const struct kept *k, char *text, size_t size)
{
	const struct proc *last = NULL;
	size_t at = 0, i;

	*text = '\0';
	for (i = 0; i < k->n && at + 2 * MORE < size; i++) {
		const struct kept_thread *t = k->thread + i;

		if (t->p == last)
			at += (size_t)snprintf(text + at, size - at, ",%d", (int)t->tid);
		else
			at += (size_t)snprintf(text + at, size - at, "%s%d/%d", i ? " " : "",
				(int)proc_pid(t->p), (int)t->tid);
		last = t->p;
	}
	if (i < k->n)
		snprintf(text + at, size - at, " and %zu more", k->n - i);
}
