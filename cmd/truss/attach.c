/* SPDX-License-Identifier: MIT */
#include "attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "counts.h"
#include "ctl/cave.h"
#include "ctl/keeper.h"
#include "ctl/seize.h"
#include "ctl/trace.h"
#include "gentle.h"
#include "proc/access.h"
#include "proc/status.h"
#include "proc/threads.h"
#include "show.h"

#define COMMAND_MAX 4096
/* Threads made while we take their makers are found by reading the list again. */
#define TAKE_TRIES 1000
#define EXEC_MS    20
#define PERM_TRIES 5
/* A first thread that has been killed for another's exec is a zombie for a moment. */
#define ZOMBIE_LOOKS 5
#define MOMENT_NS    500000

/* One operand. */
struct attach {
	struct proc *proc;
	struct tid_ranges tids;
	size_t taken, held; /* held: by pstop, and to be taken as soon as prun lets go of them */
	pid_t one_held;
	bool narrow; /* a 32-bit program */
	bool executes; /* a program, at the last look: it is looked at again after what was reported meanwhile */
	bool waits; /* for a thread that fits, or is held, or for that program */
	bool told;  /* -a: its command line was shown */
	struct attach *next;
};

/* "truss: <words>: <operand>: <cause and way out>", as the other tools have it. */
static void fail(struct truss *t, const char *operand, const struct proc *p, int err)
{
	struct buf rest = {0};

	proc_explain_operand(p, operand, err, &rest);
	cli_fail(t->cli, err_str(err), buf_cstr(&rest));
	buf_free(&rest);
}

static bool is_wanted(const struct attach *a, pid_t tid)
{
	return !a->tids.n || tid_ranges_has(&a->tids, tid);
}

/* By pstop: it makes no calls, and the others can be traced. */
static bool is_held(struct attach *a, pid_t tid)
{
	struct status s;

	if (status_read(a->proc, tid, &s) || !s.tracer || !keeper_is(s.tracer))
		return false;
	if (!a->held++)
		a->one_held = tid;
	return true;
}

/* ERR_GONE: the process executes a program, which may have to wait for us first (seize.h). */
static int seize(struct truss *t, struct attach *a, pid_t tid)
{
	int err = seize_within(a->proc, tid, t->o->follow ? TRACE_CHILDREN : 0, EXEC_MS);

	if (err != -EAGAIN)
		return err;
	a->executes = true;
	return ERR_GONE;
}

/*
 * The kernel refuses a dead thread with the same word as a stranger's; and one that was dead may be another by the time
 * that we look, which has executed a program and taken its id.
 */
static int seize_living(struct truss *t, struct attach *a, pid_t tid)
{
	int err = ERR_PERM;

	for (int i = 0; i < PERM_TRIES && err == ERR_PERM; i++) {
		err = seize(t, a, tid);
		if (err == ERR_PERM && strchr("ZX?", thread_state(a->proc, tid)))
			err = ERR_GONE;
	}
	return err;
}

/* One thread. 0; ERR_GONE: it has ended, or is not to be had now. */
static int take_thread(struct truss *t, struct attach *a, struct process *p, pid_t tid)
{
	int err = seize_living(t, a, tid);
	struct thread *thr;

	if (err == ERR_PERM && is_held(a, tid))
		return ERR_GONE; /* for now */
	if (err)
		return err;
	thr = thread_add(&t->table, tid, p);
	if (!thr)
		return -ENOMEM;
	a->taken++;
	return gentle_interrupt(t, a->proc, thr, a->narrow);
}

static int take_listed(struct truss *t, struct attach *a, size_t *fresh)
{
	pid_t pid = proc_pid(a->proc);
	struct process *p = process_find(&t->table, pid);
	struct threads list = {0};
	int err = threads_list(a->proc, &list);

	*fresh = a->held = 0;
	a->executes = false;
	for (size_t i = 0; !err && !a->executes && i < list.n; i++) {
		if (!is_wanted(a, list.tid[i]) || thread_find(&t->table, list.tid[i]))
			continue;
		if (!p)
			p = process_get(&t->table, pid);
		err = p ? take_thread(t, a, p, list.tid[i]) : -ENOMEM;
		*fresh += !err;
		if (err == ERR_GONE)
			err = 0;
	}
	if (p && list.n > 1)
		p->threaded = true;
	threads_free(&list);
	return err;
}

/* While a thread takes the place of the first one (common/proc/handle.c) much is not where it was. */
static bool is_passing(int err)
{
	return err == -ENOENT || err == -ESRCH || err == -EAGAIN || err == ERR_GONE;
}

static bool is_over(const struct attach *a)
{
	struct status s;

	for (int i = 0; i < ZOMBIE_LOOKS && !proc_check(a->proc); i++) {
		if (!status_read(a->proc, 0, &s) && !strchr("ZX", s.state))
			return false;
		nanosleep(&(struct timespec){.tv_nsec = MOMENT_NS}, NULL);
	}
	return true;
}

static int take_process(struct truss *t, struct attach *a)
{
	struct status now;
	size_t fresh;
	int err = access_check(a->proc);

	if (err == ERR_ZOMBIE && !is_over(a))
		err = access_check(a->proc);
	if (!err)
		err = cave_is_narrow(a->proc, &a->narrow);
	for (int i = 0; !err && i < TAKE_TRIES; i++) {
		err = take_listed(t, a, &fresh);
		if (!fresh || a->executes)
			break;
	}
	if (is_passing(err) && !proc_check(a->proc)) {
		a->executes = true;
		err = 0;
	}
	/* Who was taken stays. The kernel has one word for a process that another traces and one that we may not. */
	if (err == ERR_PERM && status_read(a->proc, 0, &now) == 0 && now.tracer)
		err = ERR_TRACED;
	return a->taken ? 0 : err;
}

/* Of its threads, some are to be looked for again. */
static bool is_awaited(const struct attach *a)
{
	return !a->taken || a->held || a->executes;
}

static bool is_duplicate(const struct truss *t, pid_t pid)
{
	for (const struct attach *a = t->attached; a; a = a->next)
		if (proc_pid(a->proc) == pid)
			return true;
	return false;
}

static void tell_held(struct truss *t, const char *operand, const struct attach *a)
{
	buf_str(&t->line, "(Warning: ");
	escape_add(&t->line, operand, strlen(operand));
	buf_fmt(&t->line, ": held by pstop, traced when prun lets go: thread %d", (int)a->one_held);
	if (a->held > 1)
		buf_fmt(&t->line, " and %zu more", a->held - 1);
	buf_str(&t->line, ")\n");
	out_add(&t->out, &t->line);
}

static void add(struct truss *t, const char *operand, struct attach *a)
{
	struct process *p;
	int err = take_process(t, a);

	if (err) {
		fail(t, operand, a->proc, err);
		tid_ranges_free(&a->tids);
		proc_close(a->proc);
		free(a);
		return;
	}
	a->next = t->attached;
	t->attached = a;
	p = process_find(&t->table, proc_pid(a->proc));
	if (p && a->tids.n)
		p->tids = &a->tids;
	a->waits = is_awaited(a);
	t->awaited += a->waits;
	if (a->held) {
		tell_held(t, operand, a);
	} else if (!a->taken && !a->executes) {
		buf_str(&t->line, "(Warning: no matching active LWPs found, waiting)\n");
		out_add(&t->out, &t->line);
	}
}

static void take_operand(struct truss *t, const char *operand)
{
	struct attach *a = calloc(1, sizeof *a);
	int err = a ? operand_open(operand, OPERAND_THREADS, &a->tids, &a->proc) : -ENOMEM;

	if (err) {
		fail(t, operand, NULL, err);
		if (a)
			tid_ranges_free(&a->tids);
		free(a);
		return;
	}
	if (is_duplicate(t, proc_pid(a->proc))) {
		cli_fail(t->cli, "duplicate process-id ignored", operand);
		tid_ranges_free(&a->tids);
		proc_close(a->proc);
		free(a);
		return;
	}
	add(t, operand, a);
}

bool attach_all(struct truss *t, char **operands)
{
	size_t n = 0;

	for (; *operands; operands++)
		take_operand(t, *operands);
	for (const struct attach *a = t->attached; a; a = a->next)
		n++;
	t->prefix_pid = n > 1;
	if (!n)
		t->status = 2;
	return n > 0;
}

void attach_awaited(struct truss *t)
{
	for (struct attach *a = t->attached; a; a = a->next) {
		struct process *p;

		if (!a->waits || (take_process(t, a) == 0 && is_awaited(a)))
			continue;
		/* Found, let go, or the process is gone. */
		a->waits = false;
		t->awaited--;
		p = process_find(&t->table, proc_pid(a->proc));
		if (p)
			p->tids = &a->tids;
	}
}

static struct attach *operand_of(struct truss *t, pid_t pid)
{
	struct attach *a = t->attached;

	while (a && proc_pid(a->proc) != pid)
		a = a->next;
	return a;
}

void attach_left(struct truss *t, pid_t pid)
{
	struct attach *a = operand_of(t, pid);

	if (!a || a->waits || a->tids.n || is_over(a))
		return;
	a->taken = 0;
	a->waits = true;
	t->awaited++;
}

void attach_lost(struct truss *t)
{
	thread_free_all(&t->table);
	for (struct attach *a = t->attached; a; a = a->next)
		attach_left(t, proc_pid(a->proc));
}

void attach_begun(struct truss *t, struct thread *thr)
{
	struct attach *a = operand_of(t, thr->process->pid);
	struct buf line = {0};

	if (!a || a->told || !t->o->args || t->o->count)
		return;
	a->told = true;
	if (proc_cmdline(a->proc, COMMAND_MAX, &line) == 0)
		t->show->command(t, thr, buf_cstr(&line));
	buf_free(&line);
}

void attach_free(struct truss *t)
{
	while (t->attached) {
		struct attach *a = t->attached;

		t->attached = a->next;
		tid_ranges_free(&a->tids);
		proc_close(a->proc);
		free(a);
	}
}
