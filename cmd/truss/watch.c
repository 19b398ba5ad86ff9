/* SPDX-License-Identifier: MIT */
/*
 * Whose turn is it?
 *
 * One wait for each stop. The report stays with the kernel until the thread is resumed (ctl/trace.h),
 * and a wait for anybody finds the first in the kernel's list that stands. With many busy threads the
 * first ones would stop again before the last ones had their turn: "the starved". So, every SWEEP_STOPS stops,
 * a sweep takes note of all who stand, and they are served in that order. A signal ends a sweep, for its report
 * must not be taken: it comes last in the queue and is still there when its turn comes.
 *
 * The kernel walks that list whenever nobody stands: with thousands of threads that costs more than the
 * call that is traced. Above HINTED_THREADS the SIGCHLD that comes with each stop is asked
 * instead, which names the thread. Of several that wait the kernel keeps one ("the unheard"), so everybody
 * is looked at when a moment has passed without any, and now and then in any case.
 */
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/tracee.h"
#include "interrupt.h"

#define SWEEP_STOPS       64
#define MEASURED_THREADS  4 /* above, the kernel would add up all of them at each stop */
#define HINTED_THREADS    200
#define HINTED_SWEEP_NS   20000000u
#define HINTED_LONGEST_NS 100000000u
#define SWEEP_SHARE       100     /* of the time at most one part in so many goes into sweeps */
#define MOMENT_NS         1000000 /* without a SIGCHLD, before the unheard are looked for */
#define QUIET_NS          500000000

static bool keep(struct watch *w, const struct trace_stop *s)
{
	if (w->head == w->n)
		w->head = w->n = 0;
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct trace_stop *q = reallocarray(w->queue, cap, sizeof *q);

		if (!q)
			return false;
		w->queue = q;
		w->cap = cap;
	}
	w->queue[w->n++] = *s;
	return true;
}

/* Whether its report may be taken now: not a signal's, and not a death's, which reaping would end. */
static bool may_take(const struct trace_stop *s)
{
	return s->kind != TRACE_SIGNAL && s->kind != TRACE_DEAD && s->kind != TRACE_STOPPED;
}

/* 1: somebody is in the queue; 0: nobody stands; or -errno. */
static int sweep(struct watch *w)
{
	struct trace_stop s;
	int r;

	w->since_sweep = 0;
	while ((r = trace_wait(0, w->flags, &s)) == 1) {
		if (!keep(w, &s))
			return -ENOMEM;
		if (!may_take(&s))
			return 1;
		trace_take(s.tid);
	}
	return w->n > w->head ? 1 : r;
}

static int pop(struct watch *w, struct trace_stop *out)
{
	*out = w->queue[w->head++];
	return 1;
}

static void set_hinted(struct watch *w, bool on)
{
	struct sigaction sa = {.sa_handler = SIG_DFL, .sa_flags = on ? 0 : SA_NOCLDSTOP};
	sigset_t set;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(on ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
	w->hinted = w->dirty = on;
	w->swept = w->pause = 0;
}

/* 1: a SIGCHLD, of *tid; 0: none in that time; -EINTR. */
static int hear(long ns, pid_t *tid)
{
	struct timespec limit = {.tv_nsec = ns};
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigtimedwait(&set, &si, &limit) < 0)
		return errno == EAGAIN ? 0 : -EINTR;
	*tid = si.si_pid;
	return 1;
}

/* As sweep(), and notes when, and what it cost: the next one is to be worth it. */
static int sweep_hinted(struct watch *w, uint64_t now)
{
	int r = sweep(w);
	/* Whom it found was worth a look each; the last one, for nobody, is what it costs. */
	uint64_t pause = (tracee_clock() - now) / (w->n - w->head + 1) * SWEEP_SHARE;

	w->swept = now;
	w->pause = pause < HINTED_SWEEP_NS  ? HINTED_SWEEP_NS
		: pause > HINTED_LONGEST_NS ? HINTED_LONGEST_NS
					    : pause;
	return r;
}

static int next_hinted(struct watch *w, uint64_t now, struct trace_stop *out)
{
	pid_t tid;
	int r;

	for (;;) {
		if (w->dirty && now - w->swept > w->pause && (r = sweep_hinted(w, now)) != 0)
			return r == 1 ? pop(w, out) : r;
		r = hear(w->dirty ? MOMENT_NS : QUIET_NS, &tid);
		if (r < 0)
			return r;
		if (r == 0 && !w->dirty)
			return -EINTR;
		if (r == 0) {
			w->dirty = false;
			now = tracee_clock();
			if ((r = sweep_hinted(w, now)) != 0) {
				w->dirty = true;
				return r == 1 ? pop(w, out) : r;
			}
			continue;
		}
		w->dirty = true;
		/* The word of one that was served already hides another's: most often the last one's. */
		r = trace_wait(tid, 0, out);
		if (r != 1 && w->last)
			r = trace_wait(w->last, 0, out);
		if (r == 1)
			return r;
	}
}

static int next(struct watch *w, size_t threads, uint64_t now, struct trace_stop *out)
{
	int r;

	if (w->n > w->head)
		return pop(w, out);
	w->flags = w->measure && threads <= MEASURED_THREADS ? TRACE_USED : 0;
	if (w->hinted != (threads > HINTED_THREADS))
		set_hinted(w, !w->hinted);
	if (w->hinted)
		return next_hinted(w, now, out);
	if (threads > 2 && ++w->since_sweep > SWEEP_STOPS && (r = sweep(w)) != 0)
		return r == 1 ? pop(w, out) : r;
	return trace_wait(0, TRACE_BLOCK | w->flags, out);
}

int watch_next(struct watch *w, size_t threads, uint64_t now, struct trace_stop *out)
{
	int r = next(w, threads, now, out);

	w->last = r == 1 ? out->tid : 0;
	return r == -EINTR ? 0 : r;
}

void watch_tick(struct watch *w, unsigned ms)
{
	if (w->tick_ms == ms)
		return;
	w->tick_ms = ms;
	interrupt_tick(ms);
}

void watch_drop(struct watch *w, void (*fn)(const struct trace_stop *s))
{
	for (; w->head < w->n; w->head++)
		fn(&w->queue[w->head]);
	free(w->queue);
	*w = (struct watch){0};
}
