/* SPDX-License-Identifier: MIT */
/*
 * Who stands?
 *
 * A thread in a job-control stop is in state T, and stays there until SIGCONT. One in state t is held by a tracer:
 * by a debugger at its prompt, which is as good as stopped, or by strace for some microseconds, which is not. The two
 * are told apart by a second look: a thread that was held then, too, and has not given up the processor since, has not
 * run in between.
 *
 * A thread that sleeps is woken by the signal and stops on its way out of the kernel. One in D state (a vfork parent,
 * a device, a file system that does not answer) does so when that is over.
 */
#include "ctl/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "ctl/cave.h"
#include "ctl/keeper.h"
#include "ctl/machine.h"
#include "ctl/touch.h"
#include "ctl/tracee.h"
#include "ctl/victim.h"
#include "proc/access.h"
#include "proc/status.h"
#include "proc/threads.h"

#define NAP_FIRST_NS 50000
#define NAP_LAST_NS  20000000
#define SECOND_NS    20000000 /* between two looks at who is held by a tracer */

struct held {
	pid_t tid;
	uint64_t slept; /* how often it gave up its processor */
};

/* One look at all threads. */
struct crowd {
	size_t stopped, others,
		stuck; /* stuck: of those held, the ones that have not run since the look before */
	struct held *held;
	size_t n, cap;
	bool kept; /* by a keeper, some of those held: let go one by one, and must find the process stopped then */
	struct stop_culprit first_standing, first_other, first_stuck;
};

static void note(struct stop_culprit *c, pid_t tid, char state)
{
	if (!c->tid)
		*c = (struct stop_culprit){.tid = tid, .state = state};
}

static bool held_since(const struct crowd *before, const struct held *h)
{
	for (size_t i = 0; before && i < before->n; i++)
		if (before->held[i].tid == h->tid)
			return before->held[i].slept == h->slept;
	return false;
}

static int look_at_held(
	const struct proc *p, pid_t tid, const struct crowd *before, struct crowd *c)
{
	struct status s;

	if (status_read(p, tid, &s))
		return 0; /* it has ended */
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 16;
		struct held *grown = reallocarray(c->held, cap, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		c->held = grown;
		c->cap = cap;
	}
	c->kept |= s.tracer && keeper_is(s.tracer);
	c->held[c->n] = (struct held){tid, s.slept};
	if (held_since(before, &c->held[c->n++])) {
		c->stuck++;
		note(&c->first_stuck, tid, 't');
	}
	return 0;
}

static int look_at(const struct proc *p, pid_t tid, const struct crowd *before, struct crowd *c)
{
	char state = thread_state(p, tid);

	switch (state) {
	case 'Z':
	case 'X':
	case 'x':
	case '?': return 0;
	case 't': return look_at_held(p, tid, before, c);
	case 'T':
		c->stopped++;
		note(&c->first_standing, tid, state);
		return 0;
	default:
		c->others++;
		note(&c->first_other, tid, state);
		return 0;
	}
}

/* before may be NULL. c is the caller's to clear with forget(), whatever is returned. */
static int look(const struct proc *p, const struct crowd *before, struct crowd *c)
{
	struct threads t = {0};
	int err = threads_list(p, &t);

	*c = (struct crowd){0};
	for (size_t i = 0; !err && i < t.n; i++)
		err = look_at(p, t.tid[i], before, c);
	threads_free(&t);
	return err ? err : proc_check(p);
}

static void forget(struct crowd *c)
{
	free(c->held);
	*c = (struct crowd){0};
}

static void nap(uint64_t ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

	nanosleep(&t, NULL);
}

/* The kernel has no stop for these, or nobody to stop. */
int stop_examine(const struct proc *p)
{
	struct status s;
	int err = status_read(p, 0, &s);

	if (err == -EACCES || err == -EPERM)
		return ERR_PERM;
	if (err)
		return err == -ENOENT || err == -ESRCH ? ERR_GONE : err;
	if (s.kthread)
		return ERR_KTHREAD;
	if (s.state == 'Z' && s.threads <= 1)
		return ERR_ZOMBIE;
	return s.state == 'X' || s.state == 'x' ? ERR_GONE : 0;
}

static int send_signal(const struct proc *p, int sig)
{
	int fd = proc_pidfd(p);
	long r;

	touch_point(sig == SIGSTOP ? "stop" : "continue");
	/* Without a pidfd (Linux before 5.3) the number has to do, and the handle says whose it was. */
	if (fd >= 0)
		r = syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	else
		r = proc_check(p) ? (errno = ESRCH, -1) : kill(proc_pid(p), sig);
	if (!r)
		return 0;
	return errno == EPERM ? ERR_PERM : errno == ESRCH ? ERR_GONE : -errno;
}

static bool all_stand(const struct crowd *c)
{
	return !c->others && c->stuck == c->n && c->n + c->stopped;
}

void stop_ask_why(const struct proc *p, struct stop_culprit *c)
{
	struct thread_place at;
	bool narrow;

	if (victim_frozen(p))
		c->why = ERR_FROZEN;
	else if (c->state == 'D' && !cave_is_narrow(p, &narrow) && !thread_place(p, c->tid, &at) &&
		!at.running && machine_is_vfork(narrow, at.nr))
		c->why = ERR_VFORK;
}

/* Waits a little longer each time; at least as long as a second look needs where somebody is held. */
static void wait_more(uint64_t *ns, const struct crowd *c)
{
	nap(c->n && *ns < SECOND_NS ? SECOND_NS : *ns);
	if (*ns < NAP_LAST_NS)
		*ns *= 2;
}

static int await_stop(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull, ns = NAP_FIRST_NS;
	struct crowd before = {0}, now;
	int err;

	for (;;) {
		bool late = tracee_clock() >= end;

		err = look(p, &before, &now);
		forget(&before);
		before = now;
		if (err || all_stand(&now) || late)
			break;
		wait_more(&ns, &now);
	}
	if (!err && !all_stand(&now)) {
		*culprit = now.first_other;
		if (!now.others && now.n)
			*culprit = (struct stop_culprit){.tid = now.held[0].tid, .state = 't'};
		stop_ask_why(p, culprit);
		/* Nobody is left, although it has not been told so yet. */
		err = culprit->tid ? ERR_TIMEOUT : ERR_GONE;
	}
	forget(&now);
	return err;
}

/* Whether nothing is left to do: a debugger would be shown a signal that adds nothing. */
static int stands_already(const struct proc *p, bool *stands)
{
	struct crowd before, now;
	int err = look(p, NULL, &before);

	*stands = !err && all_stand(&before);
	if (!err && !*stands && !before.others && before.n && !before.kept) {
		nap(SECOND_NS);
		err = look(p, &before, &now);
		*stands = !err && all_stand(&now);
		forget(&now);
	}
	forget(&before);
	return err;
}

int stop_process(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	bool stands;
	int err = stop_examine(p);

	*culprit = (struct stop_culprit){0};
	if (!err && proc_pid(p) == 1)
		err = ERR_INIT;
	/* Where nothing is sent nobody asks whether we might. */
	if (!err)
		err = send_signal(p, 0);
	if (!err)
		err = stands_already(p, &stands);
	if (err || stands)
		return err;
	err = send_signal(p, SIGSTOP);
	return err ? err : await_stop(p, timeout_ms, culprit);
}

/* Until each thread was seen neither stopped, nor held all the time since `first`. */
static int await_run(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull, ns = NAP_FIRST_NS;
	struct crowd first, now;
	bool late, done = false;
	int err = look(p, NULL, &first);

	done = !err && !first.stopped && !first.n;
	while (!err && !done) {
		late = tracee_clock() >= end;
		wait_more(&ns, &first);
		err = look(p, &first, &now);
		done = !err && !now.stopped && !now.stuck;
		if (!err && !done && late) {
			*culprit = now.stopped ? now.first_standing : now.first_stuck;
			err = now.stopped ? ERR_STILL : ERR_TRACED;
		}
		forget(&now);
	}
	forget(&first);
	if (err == ERR_STILL)
		stop_ask_why(p, culprit);
	/* Who ends after the signal has run. */
	return err == ERR_GONE ? 0 : err;
}

int stop_continue(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	int err = stop_examine(p);

	*culprit = (struct stop_culprit){0};
	if (!err)
		err = send_signal(p, SIGCONT);
	return err ? err : await_run(p, timeout_ms, culprit);
}

static const char *state_words(char state)
{
	switch (state) {
	case 'R': return "running, but given no processor";
	case 'S': return "sleeping";
	case 'D': return "uninterruptible sleep";
	case 'T': return "stopped";
	case 't': return "held and let go by a tracer";
	default: return "unknown";
	}
}

static void explain_late(
	const char *operand, int err, const struct stop_culprit *c, struct buf *out)
{
	escape_add(out, operand, strlen(operand));
	buf_fmt(out, ": thread %d is in state %c (%s)", (int)c->tid, c->state ? c->state : '?',
		state_words(c->state));
	if (c->why == ERR_STILL)
		buf_str(out, ": its process is stopped as a whole; prun that");
	else if (c->why)
		buf_fmt(out, ": %s", err_str(c->why));
	if (err == ERR_TIMEOUT && c->why != ERR_EXEC)
		buf_str(out, "; the stop stays requested");
}

void stop_explain(const struct proc *p, const char *operand, int err,
	const struct stop_culprit *culprit, struct buf *out)
{
	if (err == ERR_PERM && !(culprit && culprit->why == ERR_PERM)) {
		access_explain_kill(p, operand, out);
	} else if ((err == ERR_TIMEOUT || err == ERR_STILL) && culprit) {
		explain_late(operand, err, culprit, out);
	} else if (err == ERR_INIT) {
		escape_add(out, operand, strlen(operand));
		buf_str(out,
			": the kernel discards SIGSTOP for pid 1; stop it from the namespace above, if there is one");
	} else {
		proc_explain_operand(p, operand, err, out);
	}
}
