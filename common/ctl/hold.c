/* SPDX-License-Identifier: MIT */
/*
 * A whole process stopped for one exact instant
 *
 * Stop states. PTRACE_SEIZE takes a thread and changes nothing; PTRACE_INTERRUPT asks it to stop, and
 * it stops (PTRACE_EVENT_STOP) at its next way back to user space: a running one within microseconds,
 * a sleeping one by being woken (its call restarts afterwards, or returns EINTR where signal(7) says
 * so), one in a job-control stop where it stands. One in D state stops when that is over, a vfork
 * parent when its child has gone on: for these there is the deadline.
 *
 * Races that have names.
 *   - The newborn: a thread not yet taken makes another while we take its siblings. So the list is
 *     read again after everybody known has stopped, until it holds nobody new: stopped threads make
 *     none.
 *   - The mortal: a thread dies between list and stop. It is forgotten; its death is taken note of,
 *     for a dead thread that its tracer ignores keeps the whole process from ending.
 *   - The signal: one that is being delivered when the thread stops is passed on, and the stop waited
 *     for again (tracee.c).
 *
 * Letting go. Detaching, one by one. A job-control stop is entered again by those who were in it. If
 * this process dies at any moment the kernel does the same.
 */
#include "ctl/hold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/divert.h"
#include "ctl/machine.h"
#include "ctl/tracee.h"
#include "ctl/urgent.h"
#include "ctl/warden.h"
#include "proc/access.h"
#include "proc/threads.h"

#define FEW      8
#define GRACE_MS 1000 /* for the warden's answer beyond its own deadline */

/* What tool and warden share. */
struct hold_control {
	const struct proc *p;
	struct hold_visitor visitor;
	unsigned timeout_ms, budget_ms;
	pid_t culprit;
	size_t threads;
	uint64_t held_ns;
};

struct hold {
	struct warden *warden;
	struct hold_control *control;
};

/* ---- in the warden ---- */

struct held {
	pid_t *tid;
	bool *stopped;
	size_t n, cap, running;
	uint64_t begun, asked; /* to take them; the first one to stop */
	struct user_regs_struct *locked;
	uint64_t insn_at; /* of the instruction read last: threads often stand at the same */
	unsigned char insn[2];
};

/* at: where it was in the list, and is in ours as long as nobody has died. */
static bool known(const struct held *h, pid_t tid, size_t at)
{
	if (at < h->n && h->tid[at] == tid)
		return true;
	for (size_t i = h->n; i-- > 0;)
		if (h->tid[i] == tid)
			return true;
	return false;
}

static int remember(struct held *h, pid_t tid)
{
	if (h->n == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 64;
		pid_t *t = reallocarray(h->tid, cap, sizeof *t);
		if (t)
			h->tid = t;
		bool *s = reallocarray(h->stopped, cap, sizeof *s);
		if (s)
			h->stopped = s;
		if (!t || !s)
			return -ENOMEM;
		h->cap = cap;
	}
	h->tid[h->n] = tid;
	h->stopped[h->n++] = false;
	h->running++;
	return 0;
}

static void forget(struct held *h, size_t i)
{
	tracee_reap(h->tid[i]);
	h->running -= !h->stopped[i];
	h->n--;
	h->tid[i] = h->tid[h->n];
	h->stopped[i] = h->stopped[h->n];
}

static int take_thread(const struct proc *p, struct held *h, pid_t tid)
{
	int err = tracee_seize(tid);

	/* The kernel refuses a dead leader with the same word as a stranger's thread. */
	if (err == ERR_PERM && strchr("ZX?", thread_state(p, tid)))
		err = ERR_GONE;
	if (err)
		return err == ERR_GONE ? 0 : err;
	err = remember(h, tid);
	if (!h->asked)
		h->asked = tracee_clock();
	if (!err)
		err = tracee_interrupt(tid);
	return err == ERR_GONE ? 0 : err;
}

/* Takes everybody in the list that is not taken yet; *fresh: how many those were. */
static int take_listed(const struct proc *p, struct held *h, size_t *fresh)
{
	struct threads t = {0};
	size_t before = h->n;
	int err = threads_list(p, &t);

	for (size_t i = 0; !err && i < t.n; i++)
		if (!known(h, t.tid[i], i))
			err = take_thread(p, h, t.tid[i]);
	threads_free(&t);
	*fresh = h->n - before;
	return err;
}

/*
 * The stop made this thread's call return EINTR, although it would have waited without end: it is
 * made to wait again, and nothing shows. With a timeout that cannot be put right.
 */
static void settle(const struct proc *p, struct held *h, pid_t tid)
{
	struct saved s = {.tid = tid};
	uint64_t at;

	if (tracee_get_regs(tid, &s.regs) || machine_settle_mode(&s) || !machine_in_call(&s, &at))
		return;
	if (at != h->insn_at && proc_read_mem(p, at, h->insn, sizeof h->insn))
		return;
	h->insn_at = at;
	if (machine_settle_insn(&s, h->insn) || !machine_settle_eintr(&s, false))
		return;
	*h->locked = s.regs;
	(void)!tracee_set_regs(tid, h->locked);
}

/* One look at everybody who has not stopped yet. */
static int look_at_all(const struct proc *p, struct held *h)
{
	for (size_t i = 0; i < h->n;) {
		bool stopped = h->stopped[i], group = false;
		int err = stopped ? 0 : tracee_poll_stop(h->tid[i], &stopped, &group);
		if (err == ERR_GONE) {
			forget(h, i);
			continue;
		}
		if (err)
			return err;
		if (stopped && !h->stopped[i]) {
			if (!group)
				settle(p, h, h->tid[i]);
			h->running--;
		}
		h->stopped[i++] = stopped;
	}
	return 0;
}

static pid_t first_running(const struct held *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!h->stopped[i])
			return h->tid[i];
	return 0;
}

static int await_all(struct held *h, struct hold_control *c)
{
	struct timespec pause = {0};
	uint64_t end = h->begun + c->timeout_ms * 1000000ull;
	int err = look_at_all(c->p, h);

	while (!err && h->running) {
		uint64_t now = tracee_clock();

		if (now > end) {
			c->culprit = first_running(h);
			return ERR_TIMEOUT;
		}
		/* A few stop within microseconds. */
		if (h->running < FEW) {
			urgent_wait(h->begun);
		} else {
			/* Many need our processor, too, to stop on. */
			pause.tv_nsec = 20000 + (long)(h->running < 1000 ? h->running : 1000) * 300;
			nanosleep(&pause, NULL);
		}
		err = look_at_all(c->p, h);
	}
	return err;
}

static int take_all(struct held *h, struct hold_control *c)
{
	uint64_t end;
	size_t fresh;
	int err;

	h->begun = tracee_clock();
	end = h->begun + c->timeout_ms * 1000000ull;
	do {
		err = take_listed(c->p, h, &fresh);
		if (!err)
			err = await_all(h, c);
		if (!err && fresh && tracee_clock() > end)
			err = ERR_TIMEOUT;
	} while (!err && fresh);
	c->threads = h->n;
	return !err && !h->n ? ERR_GONE : err;
}

static void visit_all(const struct held *h, const struct hold_visitor *v)
{
	struct user_regs_struct regs;

	for (size_t i = 0; i < h->n; i++) {
		if (!tracee_get_regs(h->tid[i], &regs))
			v->visit(h->tid[i], &regs, v->arg);
	}
}

static void release_all(struct held *h, struct hold_control *c)
{
	for (size_t i = 0; i < h->n; i++)
		if (tracee_detach(h->tid[i]) == ERR_GONE)
			tracee_reap(h->tid[i]);
	urgent_end();
	c->held_ns = tracee_clock() - h->asked;
}

static void hold_job(int sock, void *arg)
{
	struct hold_control *c = arg;
	struct held h = {0};
	struct budget budget;
	struct warden_message m;
	int err = budget_open(&budget);

	if (!err)
		err = budget_set(&budget, c->timeout_ms + c->budget_ms);
	h.locked = divert_locked_page();
	if (!err && !h.locked)
		err = -ENOMEM;
	(void)urgent_begin();
	if (!err)
		err = take_all(&h, c);
	if (!err)
		err = budget_set(&budget, c->budget_ms); /* counts from here: everybody stands */
	if (!err && c->visitor.visit) {
		visit_all(&h, &c->visitor);
		release_all(&h, c);
	}
	warden_answer(sock, err, 0);
	if (err)
		_exit(1); /* whoever was taken, or still is to stop, is let go by that */
	if (c->visitor.visit)
		return;
	(void)!warden_receive(sock, &m);
	release_all(&h, c);
	warden_answer(sock, 0, 0);
}

/* ---- in the tool ---- */

static void hold_free(struct hold *h)
{
	munmap(h->control, sizeof *h->control);
	free(h);
}

static int hold_new(struct proc *p, struct hold **out)
{
	struct hold *h = calloc(1, sizeof *h);

	if (!h)
		return -ENOMEM;
	h->control = mmap(NULL, sizeof *h->control, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->control == MAP_FAILED) {
		free(h);
		return -ENOMEM;
	}
	h->control->p = p;
	*out = h;
	return 0;
}

/* Waits until all stand, or have been visited. */
static int hold_begin(struct proc *p, unsigned timeout_ms, unsigned budget_ms,
	const struct hold_visitor *visitor, struct hold **out, pid_t *culprit)
{
	int keep[] = {proc_dirfd(p), proc_pidfd(p)};
	struct warden_message m;
	struct hold *h;
	int err = access_check(p);

	*culprit = 0;
	if (!err)
		err = hold_new(p, &h);
	if (err)
		return err;
	h->control->timeout_ms = timeout_ms;
	h->control->budget_ms = budget_ms;
	h->control->visitor = *visitor;
	err = warden_start(hold_job, h->control, keep, 2, &h->warden);
	if (!err)
		err = warden_await(
			h->warden, &m, timeout_ms + (visitor->visit ? budget_ms : 0) + GRACE_MS);
	if (err) {
		*culprit = h->control->culprit;
		warden_stop(h->warden, GRACE_MS);
		hold_free(h);
		return err == ERR_PERM ? ERR_TRACED : err;
	}
	*out = h;
	return 0;
}

int hold_take(
	struct proc *p, unsigned timeout_ms, unsigned budget_ms, struct hold **out, pid_t *culprit)
{
	return hold_begin(p, timeout_ms, budget_ms, &(struct hold_visitor){0}, out, culprit);
}

int hold_each(struct proc *p, unsigned timeout_ms, unsigned budget_ms,
	const struct hold_visitor *visitor, uint64_t *held_ns, pid_t *culprit)
{
	struct hold *h;
	int err = hold_begin(p, timeout_ms, budget_ms, visitor, &h, culprit);

	if (err)
		return err == ERR_LOST ? ERR_TIMEOUT : err;
	*held_ns = h->control->held_ns;
	warden_stop(h->warden, GRACE_MS);
	hold_free(h);
	return 0;
}

size_t hold_threads(const struct hold *h)
{
	return h->control->threads;
}

int hold_release(struct hold *h, uint64_t *held_ns)
{
	struct warden_message m = {0};
	int err;

	if (!h)
		return 0;
	err = warden_ask(h->warden, &m, GRACE_MS);
	if (held_ns)
		*held_ns = h->control->held_ns;
	warden_stop(h->warden, GRACE_MS);
	hold_free(h);
	return err == ERR_LOST ? ERR_TIMEOUT : err;
}
