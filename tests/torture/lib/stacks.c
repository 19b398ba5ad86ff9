/* SPDX-License-Identifier: MIT */
/*
 * What pstack does to a process, as a subject: every thread is read asleep, and some of those that may be stopped
 * are, though most need not be. Another thread comes first each time.
 */
#include "subject.h"

#include "base/err.h"
#include "ctl/capture.h"
#include "ctl/cave.h"
#include "ctl/victim.h"
#include "proc/sleeper.h"
#include "proc/threads.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { STOPS = 3 };

struct look {
	struct proc *p;
	struct spans maps;
	struct snap_arena *arena;
	struct capture *capture;
	struct threads threads;
	struct sleepers sleepers;
	unsigned stops, read, flags;
	int err;
};

static int prepare(struct look *l, pid_t pid)
{
	int err = proc_open(pid, &l->p);

	if (!err)
		err = cave_is_narrow(l->p, &l->sleepers.narrow);
	if (!err)
		err = spans_read(l->p, &l->maps);
	if (!err)
		err = snap_arena_open(&l->arena);
	if (!err)
		err = capture_open(l->p, &l->maps, l->arena, &l->capture);
	if (!err)
		err = threads_list(l->p, &l->threads);
	l->sleepers.p = l->p;
	l->sleepers.maps = &l->maps;
	l->sleepers.arena = l->arena;
	return err;
}

/* Wrong is a copy without a stack, or without a place. */
static bool is_wrong(const struct snap *s)
{
	return !s->pieces || !s->context.pc || !s->context.sp;
}

/* As pstack: one that runs is stopped if it has not slept between two looks. */
static bool may_be_stopped(struct look *l, pid_t tid, enum sleeper_look look, uint64_t ran)
{
	struct timespec moment = {.tv_nsec = 50000};
	struct snap again;

	if (look == SLEEPER_READ)
		return true;
	if (look != SLEEPER_RUNS || l->flags & STACKS_SLEEPERS)
		return false;
	nanosleep(&moment, NULL);
	return sleeper_read(&l->sleepers, tid, SNAP_MOST, &again) == SLEEPER_RUNS &&
		again.ran == ran;
}

static int look_at(struct look *l, pid_t tid)
{
	struct victim_wish wish = {.narrow = l->sleepers.narrow};
	struct victim v;
	struct snap s;
	enum sleeper_look look = sleeper_read(&l->sleepers, tid, SNAP_MOST, &s);
	int wrong = look == SLEEPER_READ && is_wrong(&s), err;

	l->read += look == SLEEPER_READ;
	if (l->stops >= STOPS || !may_be_stopped(l, tid, look, s.ran))
		return wrong;
	wish.runners = look == SLEEPER_RUNS;
	err = victim_may_stop(l->p, tid, &wish, &v);
	if (!err)
		err = capture_thread(l->capture, &v, SNAP_MOST, &s);
	if (!err) {
		l->stops++;
		wrong += is_wrong(&s);
	} else if (err != ERR_GONE) {
		l->err = err;
	}
	return wrong;
}

static int visit(pid_t pid, unsigned flags, unsigned rounds, int *wrong)
{
	struct look l = {.flags = flags};
	int err = prepare(&l, pid);

	*wrong = 0;
	for (unsigned r = 0; !err && r < rounds; r++) {
		unsigned first = l.threads.n ? (unsigned)rand() % (unsigned)l.threads.n : 0;

		for (size_t i = 0; i < l.threads.n; i++)
			*wrong += look_at(&l, l.threads.tid[(first + i) % l.threads.n]);
	}
	if (!err && !l.stops && !l.read)
		err = l.err ? l.err : ERR_NOVICTIM;
	capture_close(l.capture);
	snap_arena_close(l.arena);
	spans_free(&l.maps);
	threads_free(&l.threads);
	proc_close(l.p);
	return err;
}

const struct subject subject_stacks = {.name = "stacks", .visit = visit};
