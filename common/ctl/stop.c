/* SPDX-License-Identifier: MIT */
/*
 * Who stands?
 *
 * A thread in a job-control stop is in state T, and stays there until SIGCONT. One in state t is held by a tracer:
 * by a debugger at its prompt, which is as good as stopped, or by strace for some microseconds, which is not. The two
 * are told apart by a second look: who has given up the processor since then has run in between.
 *
 * A thread that sleeps is woken by the signal and stops on its way out of the kernel. One in D state (a vfork parent,
 * a device, a file system that does not answer) does so when that is over.
 */
#include "ctl/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "ctl/cave.h"
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

/* One look at all threads. */
struct crowd {
	size_t stopped, held, others;
	uint64_t turns; /* how often those that are held gave up their processor */
	struct stop_culprit first_standing, first_other, first_held;
};

static void note(struct stop_culprit *c, pid_t tid, char state)
{
	if (!c->tid)
		*c = (struct stop_culprit){.tid = tid, .state = state};
}

static void look_at(const struct proc *p, pid_t tid, struct crowd *c)
{
	char state = thread_state(p, tid);
	struct status s;

	switch (state) {
	case 'Z':
	case 'X':
	case 'x':
	case '?': return;
	case 'T':
		c->stopped++;
		note(&c->first_standing, tid, state);
		return;
	case 't':
		c->held++;
		note(&c->first_held, tid, state);
		if (status_read(p, tid, &s) == 0)
			c->turns += s.slept;
		return;
	default: c->others++; note(&c->first_other, tid, state);
	}
}

static int look(const struct proc *p, struct crowd *c)
{
	struct threads t = {0};
	int err = threads_list(p, &t);

	*c = (struct crowd){0};
	for (size_t i = 0; !err && i < t.n; i++)
		look_at(p, t.tid[i], c);
	threads_free(&t);
	return err ? err : proc_check(p);
}

static void nap(uint64_t ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};

	nanosleep(&t, NULL);
}

/* The kernel has no stop for these, or nobody to stop. */
static int examine(const struct proc *p)
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

/* Whether everybody stands who was seen standing in `before` and still is. */
static bool all_stand(const struct crowd *before, const struct crowd *now)
{
	if (now->others || !(now->held + now->stopped))
		return false;
	return !now->held || (before && !before->others && before->turns == now->turns);
}

static void explain_culprit(const struct proc *p, struct stop_culprit *c)
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
	nap(c->held && *ns < SECOND_NS ? SECOND_NS : *ns);
	if (*ns < NAP_LAST_NS)
		*ns *= 2;
}

static int await_stop(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	uint64_t end = tracee_clock() + timeout_ms * 1000000ull, ns = NAP_FIRST_NS;
	struct crowd before, now = {0};
	bool again = false;
	int err;

	for (;; again = true) {
		before = now;
		err = look(p, &now);
		if (err)
			return err;
		if (all_stand(again ? &before : NULL, &now))
			return 0;
		if (tracee_clock() >= end)
			break;
		wait_more(&ns, &now);
	}
	*culprit = now.first_other.tid ? now.first_other : now.first_held;
	explain_culprit(p, culprit);
	return ERR_TIMEOUT;
}

/* Whether nothing is left to do: a debugger would be shown a signal that adds nothing. */
static int stands_already(const struct proc *p, bool *stands)
{
	struct crowd before, now;
	int err = look(p, &now);

	*stands = !err && all_stand(NULL, &now);
	if (err || *stands || now.others || !now.held)
		return err;
	before = now;
	nap(SECOND_NS);
	err = look(p, &now);
	*stands = !err && all_stand(&before, &now);
	return err;
}

int stop_process(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	bool stands;
	int err = examine(p);

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

int stop_continue(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
{
	uint64_t end, ns = NAP_FIRST_NS;
	struct crowd first, now;
	bool sent;
	int err = examine(p);

	*culprit = (struct stop_culprit){0};
	if (!err)
		err = send_signal(p, SIGCONT);
	sent = !err;
	if (!err)
		err = look(p, &first);
	end = tracee_clock() + timeout_ms * 1000000ull;
	for (now = first; !err; err = look(p, &now)) {
		if (!now.stopped && (!now.held || now.turns != first.turns))
			return 0;
		if (tracee_clock() >= end)
			break;
		wait_more(&ns, &now);
	}
	/* Who ends after that has run. */
	if (sent && err == ERR_GONE)
		return 0;
	if (err)
		return err;
	if (!now.stopped) {
		*culprit = now.first_held;
		return ERR_TRACED;
	}
	*culprit = now.first_standing;
	explain_culprit(p, culprit);
	return ERR_STILL;
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
	if (c->why)
		buf_fmt(out, ": %s", err_str(c->why));
	if (err == ERR_TIMEOUT)
		buf_str(out, "; the stop stays requested");
}

void stop_explain(const struct proc *p, const char *operand, int err,
	const struct stop_culprit *culprit, struct buf *out)
{
	if (err == ERR_PERM) {
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
