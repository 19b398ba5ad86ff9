/* SPDX-License-Identifier: MIT */
#include "gentle.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/machine.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "ctl/urgent.h"
#include "ctl/victim.h"
#include "proc/threads.h"
#include "sys/sysent.h"

#define SOON_NS 300000

#define COMPUTES_NS 1000000

enum moment { MOMENT_NOW, MOMENT_LATE, MOMENT_AWAKE, MOMENT_RUNNING };

/* A receive that waits for all of its bytes may have some. */
static bool waits_for_all(const struct thread *thr, const struct thread_place *at)
{
	const struct sysent *e = sysent_find(thr->narrow ? ABI_I386 : ABI_X86_64, (uint64_t)at->nr);

	return e &&
		((!strcmp(e->name, "recvfrom") && at->arg[3] & MSG_WAITALL) ||
			(!strcmp(e->name, "recvmsg") && at->arg[2] & MSG_WAITALL));
}

/* How the call it is in takes a stop. MOMENT_LATE: unseen only if the call has begun moments ago. */
static enum moment moment_of(const struct proc *p, const struct thread *thr)
{
	struct thread_place at;

	if (thread_place(p, thr->tid, &at))
		return MOMENT_NOW;
	if (at.running)
		return MOMENT_RUNNING;
	if (at.nr < 0)
		return MOMENT_NOW;
	switch (machine_sleep_kind(thr->narrow, at.nr, at.arg)) {
	case SLEEP_BAD: return MOMENT_AWAKE;
	case SLEEP_AGAIN:
		return machine_waits_forever(thr->narrow, at.nr, at.arg) ? MOMENT_NOW : MOMENT_LATE;
	case SLEEP_BY_FILE:
		return waits_for_all(thr, &at) || !victim_file_restarts(p, thr->tid, (int)at.arg[0])
			? MOMENT_AWAKE
			: MOMENT_NOW;
	default: return MOMENT_NOW;
	}
}

/* For how long it has run, and how often it was given a processor: two numbers of schedstat. False: not known. */
static bool turns_of(pid_t tid, uint64_t *ran, uint64_t *turns)
{
	char text[96], *end;
	ssize_t n;
	int fd;

	snprintf(text, sizeof text, "/proc/%d/schedstat", (int)tid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	*ran = strtoull(text, &end, 10);
	strtoull(end, &end, 10);
	*turns = strtoull(end, NULL, 10);
	return *turns > 0;
}

/*
 * "The moment of truth": between the interruption of a call and trace_settle() a SIGKILL of truss would show the
 * interruption. So that is done here, some microseconds after; who does not stop as soon as that
 * runs, or is not in such a call. The stop itself is dealt with as an event.
 */
static int ask(struct thread *thr, bool late)
{
	int err = tracee_interrupt(thr->tid);
	uint64_t begun = tracee_clock();
	struct trace_stop s;

	thr->asked = true;
	thr->late = late;
	if (err)
		return err;
	while (tracee_clock() - begun < SOON_NS) {
		if (trace_wait(thr->tid, 0, &s) != 1) {
			urgent_wait(begun);
			continue;
		}
		if (s.kind == TRACE_TRAP)
			trace_settle(thr->tid, late);
		return 0;
	}
	return 0;
}

static bool begun_late(enum moment m)
{
	return m == MOMENT_RUNNING || m == MOMENT_LATE;
}

int gentle_interrupt(struct truss *t, const struct proc *p, struct thread *thr, bool narrow)
{
	struct postponed *w = &thr->postponed;
	bool urgent = urgent_begin(), now;
	enum moment m;
	int err = 0;

	thr->narrow = narrow;
	m = moment_of(p, thr);
	now = m == MOMENT_NOW || !turns_of(thr->tid, &w->ran, &w->turns);
	if (now)
		err = ask(thr, begun_late(m));
	if (urgent)
		urgent_end();
	if (now)
		return err;
	w->proc = p;
	w->running = m == MOMENT_RUNNING;
	w->unfit = m == MOMENT_AWAKE;
	w->since = w->moved = t->now;
	w->ran_first = w->ran;
	t->postponed++;
	return 0;
}

void gentle_forget(struct truss *t, struct thread *thr)
{
	if (!thr->postponed.proc)
		return;
	thr->postponed.proc = NULL;
	t->postponed--;
}

/*
 * Whether it may be asked now. One that runs may be in the middle of a write that would come back short; not so if it has
 * run for long without sleeping, for nothing that a stop cuts short takes that long. It must have run lately, too: whom it
 * writes to may have taken its processor away just then.
 */
static bool is_time(
	const struct truss *t, struct postponed *w, enum moment m, bool moved, uint64_t ran)
{
	switch (m) {
	case MOMENT_RUNNING:
		if (!moved && ran > w->ran && ran - w->ran_first >= COMPUTES_NS)
			return true;
		return !w->unfit && t->now - w->since >= GENTLE_NS;
	/* Asleep for long where it may only be asked early: its timeout will wake it. */
	case MOMENT_LATE: return moved;
	case MOMENT_AWAKE: w->unfit = true; return t->now - w->moved >= GENTLE_NS;
	default: return true;
	}
}

static void look_again(struct thread *thr, void *ctx)
{
	struct truss *t = ctx;
	struct postponed *w = &thr->postponed;
	uint64_t turns, ran;
	enum moment m;
	bool moved, known, now, urgent;

	if (!w->proc)
		return;
	known = turns_of(thr->tid, &ran, &turns);
	moved = !known || turns != w->turns;
	if (moved)
		w->moved = t->now;
	else if (!w->running && t->now - w->moved < GENTLE_NS)
		return;
	urgent = urgent_begin();
	m = moment_of(w->proc, thr);
	now = !known || is_time(t, w, m, moved, ran);
	if (now) {
		gentle_forget(t, thr);
		(void)!ask(thr, begun_late(m));
	}
	if (urgent)
		urgent_end();
	w->running = m == MOMENT_RUNNING;
	w->turns = turns;
	w->ran = ran;
	if (moved || !w->running)
		w->ran_first = ran;
}

void gentle_tick(struct truss *t)
{
	if (t->postponed)
		thread_each(&t->table, look_again, t);
}
