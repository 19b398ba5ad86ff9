/* SPDX-License-Identifier: MIT */
#include "gentle.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/machine.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "proc/threads.h"

#define SOON_NS 300000

enum moment { MOMENT_NOW, MOMENT_LATE, MOMENT_AWAKE };

/* How the call it is in takes a stop. MOMENT_LATE: unseen only if the call has begun moments ago. */
static enum moment moment_of(const struct proc *p, const struct thread *thr, bool *running)
{
	struct thread_place at;

	*running = false;
	if (thread_place(p, thr->tid, &at))
		return MOMENT_NOW;
	*running = at.running;
	if (at.running || at.nr < 0)
		return MOMENT_NOW;
	switch (machine_sleep_kind(thr->narrow, at.nr, at.arg)) {
	case SLEEP_BAD: return MOMENT_AWAKE;
	case SLEEP_AGAIN:
		return machine_waits_forever(thr->narrow, at.nr, at.arg) ? MOMENT_NOW : MOMENT_LATE;
	default: return MOMENT_NOW;
	}
}

/* How often it was given a processor: the third number of schedstat. 0: not known. */
static uint64_t turns_of(pid_t tid)
{
	char text[96], *end;
	ssize_t n;
	int fd;

	snprintf(text, sizeof text, "/proc/%d/schedstat", (int)tid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	strtoull(text, &end, 10);
	strtoull(end, &end, 10);
	return strtoull(end, NULL, 10);
}

/*
 * "The moment of truth": between the interruption of a call and trace_settle() a SIGKILL of truss would show the
 * interruption. So that is done here, some microseconds after; who does not stop as soon as that
 * runs, or is not in such a call. The stop itself is dealt with as an event.
 */
static int ask(struct thread *thr, bool late)
{
	int err = tracee_interrupt(thr->tid);
	uint64_t end = tracee_clock() + SOON_NS;
	struct trace_stop s;

	thr->asked = true;
	thr->late = late;
	if (err)
		return err;
	do {
		if (trace_wait(thr->tid, 0, &s) != 1)
			continue;
		if (s.kind == TRACE_TRAP)
			trace_settle(thr->tid, late);
		return 0;
	} while (tracee_clock() < end && sched_yield() == 0);
	return 0;
}

int gentle_interrupt(struct truss *t, const struct proc *p, struct thread *thr, bool narrow)
{
	bool running;

	thr->narrow = narrow;
	/* One that runs may enter any call until it stops; then it has done so just now. */
	if (moment_of(p, thr, &running) == MOMENT_NOW)
		return ask(thr, running);
	thr->postponed = p;
	thr->turns = turns_of(thr->tid);
	thr->entered = t->now;
	t->postponed++;
	return 0;
}

void gentle_forget(struct truss *t, struct thread *thr)
{
	if (!thr->postponed)
		return;
	thr->postponed = NULL;
	t->postponed--;
}

static void look_again(struct thread *thr, void *ctx)
{
	struct truss *t = ctx;
	const struct proc *p = thr->postponed;
	enum moment m;
	uint64_t turns;
	bool running, moved;

	if (!p)
		return;
	turns = turns_of(thr->tid);
	moved = turns != thr->turns || !turns;
	thr->turns = turns;
	if (!moved && t->now - thr->entered < GENTLE_NS)
		return;
	m = moment_of(p, thr, &running);
	/* Asleep for long where it may only be asked early: its timeout will wake it. */
	if (m == MOMENT_LATE && !moved)
		return;
	if (m == MOMENT_AWAKE && t->now - thr->entered < GENTLE_NS)
		return;
	gentle_forget(t, thr);
	(void)!ask(thr, running || m == MOMENT_LATE);
}

void gentle_tick(struct truss *t)
{
	if (t->postponed)
		thread_each(&t->table, look_again, t);
}
