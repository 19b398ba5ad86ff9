/* SPDX-License-Identifier: MIT */
/*
 * Copies of stopped threads
 *
 * The thread is stopped by a process of its own, the warden: when the tool dies, or a stop takes longer than
 * its budget, the kernel lets the thread go. While it stands, its registers are read and its stack is copied
 * into memory that is there already (a page fault of ours would be added to its stop); only then, when it runs
 * again, the copy moves on to the memory that is shared with the tool.
 *
 * Races that have names.
 *   - The late sleeper: it ran when it was looked at, and has entered a call that answers a stop with EINTR
 *     before the stop came. It is made to enter again, before all else (machine.h).
 *   - The mortal: it is gone, or being killed, at any of the steps: ERR_GONE.
 *   - The one that does not stop: it has gone to sleep without interruption. Only the end of its tracer lets
 *     go of it, so the warden ends, and another is made for the next.
 *   - The one that has left: a sleeper that may be stopped where it sleeps (victim.h) sleeps no longer there at
 *     the last look. It is not stopped; the warden ends for the same reason.
 */
#include "ctl/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/divert.h"
#include "ctl/hold.h"
#include "ctl/keeper.h"
#include "ctl/trace.h"
#include "ctl/tracee.h"
#include "ctl/urgent.h"
#include "ctl/victim.h"
#include "ctl/warden.h"
#include "proc/threads.h"

#define STOP_MS         500 /* to wait until it gets a CPU to stop on */
#define BUDGET_MS       50  /* once it stands */
#define ANSWER_MS       2000
#define HOLD_TIMEOUT_MS 2000
#define HOLD_BUDGET_MS  1000

/* What tool and warden share. */
struct shared {
	struct victim victim; /* asked for */
	size_t most;
	struct snap snap; /* the answer */
};

struct capture {
	struct proc *p;
	const struct spans *maps;
	struct snap_arena *arena;
	struct warden *warden;
	struct shared *shared;
	unsigned reading; /* of the maps, that the warden knows */
};

static void *map_shared(size_t n)
{
	void *p = mmap(
		NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* ---- in the warden ---- */

/* Memory that is there, for the copy of a stopped thread. */
struct scratch {
	unsigned char *to;
	size_t room;
};

static int ensure_scratch(struct scratch *s, size_t room)
{
	if (s->room >= room)
		return 0;
	if (s->to)
		munmap(s->to, s->room);
	s->to = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		-1, 0);
	s->room = s->to == MAP_FAILED ? 0 : room;
	s->to = s->room ? s->to : NULL;
	return s->room ? 0 : -ENOMEM;
}

/* Of a thread that stands: everything that there is to copy. */
static int copy_stopped(const struct capture *c, const struct scratch *to, size_t *used)
{
	struct snap *s = &c->shared->snap;
	struct user_regs_struct regs;
	int err = tracee_get_regs(s->tid, &regs);

	if (err)
		return err;
	(void)!context_user(&s->context, &regs, sizeof(regs));
	s->nr = context_call(&s->context, s->arg);
	*used = snap_copy(s, c->maps, snap_read_live, &s->tid, to->to, to->room, c->shared->most);
	s->how = SNAP_STOPPED;
	return 0;
}

/* Of one that was asked to stop. */
static int copy_and_let_go(
	const struct capture *c, const struct scratch *to, struct budget *budget, size_t *used)
{
	struct snap *s = &c->shared->snap;
	uint64_t since = 0;
	bool group = false;
	int err = tracee_await_stop(
		s->tid, tracee_clock() + STOP_MS * UINT64_C(1000000), &group, &since);

	if (err == ERR_TIMEOUT)
		return err;
	(void)!budget_set(budget, BUDGET_MS);
	if (!err && !group)
		trace_settle(s->tid, true);
	if (!err)
		err = copy_stopped(c, to, used);
	if (tracee_detach(s->tid) == ERR_GONE)
		tracee_reap(s->tid);
	s->held_ns = tracee_clock() - since;
	return err;
}

/* Into the memory that the tool sees, now that the thread runs again. */
static int hand_over(const struct capture *c, const struct scratch *from, size_t used)
{
	struct snap *s = &c->shared->snap;
	size_t at;

	if (snap_arena_room(c->arena) < used)
		return -ENOMEM;
	memcpy(snap_arena_end(c->arena), from->to, used);
	at = snap_arena_take(c->arena, used);
	for (unsigned i = 0; i < s->pieces; i++)
		s->piece[i].at += at;
	return 0;
}

/* A thread that is ours and does not stand, because it has not stopped yet or was not asked to. */
static bool only_death_lets_go(int err)
{
	return err == ERR_TIMEOUT || err == ERR_NOVICTIM;
}

/* It is ours before the last look, so that as little time as possible lies between that and the stop. */
static int look_and_stop(const struct capture *c, int place, const struct scratch *to,
	struct budget *budget, size_t *used)
{
	const struct victim *v = &c->shared->victim;
	int err = tracee_seize(v->tid);
	uint64_t begun;

	if (err)
		return err == ERR_PERM ? ERR_TRACED : err;
	(void)urgent_begin();
	err = divert_last_look(v, place, &begun);
	if (!err)
		err = tracee_interrupt(v->tid);
	if (!err)
		err = copy_and_let_go(c, to, budget, used);
	urgent_end();
	return err;
}

static int take_and_copy(
	const struct capture *c, const struct scratch *to, struct budget *budget, size_t *used)
{
	const struct victim *v = &c->shared->victim;
	int place = thread_place_open(c->p, v->tid);
	int err = place < 0 ? place : 0;

	if (!err)
		err = budget_set(budget, STOP_MS + BUDGET_MS);
	if (!err)
		err = look_and_stop(c, place, to, budget, used);
	if (place >= 0)
		close(place);
	return err == ERR_NOTHREAD ? ERR_GONE : err;
}

static int serve(const struct capture *c, struct scratch *to, struct budget *budget)
{
	struct shared *shared = c->shared;
	size_t used = 0;
	int err = ensure_scratch(to, shared->most * SNAP_PIECES);

	shared->snap = (struct snap){.tid = shared->victim.tid, .nr = -1};
	if (!err)
		err = victim_calm(
			c->p, &shared->victim, divert_calm()); /* who rests: for long enough */
	if (err)
		return err;
	err = take_and_copy(c, to, budget, &used);
	if (only_death_lets_go(err))
		return err; /* the budget goes on */
	(void)!budget_set(budget, 0);
	return err ? err : hand_over(c, to, used);
}

static void capture_job(int sock, void *arg)
{
	const struct capture *c = arg;
	struct warden_message m;
	struct scratch to = {0};
	struct budget budget;
	int err = budget_open(&budget);

	(void)!ensure_scratch(&to, (size_t)SNAP_MOST * SNAP_PIECES);
	while (!warden_receive(sock, &m)) {
		if (!err)
			err = serve(c, &to, &budget);
		warden_answer(sock, err, 0);
		if (only_death_lets_go(err))
			_exit(1);
		err = 0;
	}
}

/* ---- in the tool ---- */

int capture_open(
	struct proc *p, const struct spans *maps, struct snap_arena *arena, struct capture **out)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct capture){.p = p, .maps = maps, .arena = arena};
	c->shared = map_shared(sizeof(*c->shared));
	if (!c->shared) {
		free(c);
		return -ENOMEM;
	}
	*out = c;
	return 0;
}

static void end_warden(struct capture *c)
{
	warden_stop(c->warden, ANSWER_MS);
	c->warden = NULL;
}

/* The warden has the maps as they were when it was made. */
static int ensure_warden(struct capture *c)
{
	int keep[] = {proc_dirfd(c->p), proc_pidfd(c->p)};

	if (c->warden && c->reading != c->maps->reading)
		end_warden(c);
	if (c->warden)
		return 0;
	c->reading = c->maps->reading;
	return warden_start(capture_job, c, keep, 2, &c->warden);
}

int capture_thread(struct capture *c, const struct victim *v, size_t most, struct snap *out)
{
	struct warden_message m = {0};
	int err = ensure_warden(c);

	if (err)
		return err;
	c->shared->victim = *v;
	c->shared->most = most;
	err = warden_ask(c->warden, &m, ANSWER_MS);
	if (only_death_lets_go(err) || err == ERR_LOST)
		end_warden(c);
	if (!err)
		*out = c->shared->snap;
	return err;
}

int capture_kept(struct capture *c, pid_t tid, size_t most, struct snap *out)
{
	struct user_regs_struct regs, after;
	struct snap s = {.tid = tid, .how = SNAP_STOPPED};
	int err = keeper_registers(c->p, tid, &regs);
	size_t at;

	if (err)
		return err;
	(void)!context_user(&s.context, &regs, sizeof(regs));
	s.nr = context_call(&s.context, s.arg);
	at = snap_copy(&s, c->maps, snap_read_live, &tid, snap_arena_end(c->arena),
		snap_arena_room(c->arena), most);
	/* Held all the time: else it was copied while it ran. */
	if (keeper_registers(c->p, tid, &after) || memcmp(&regs, &after, sizeof regs))
		return ERR_LOST;
	at = snap_arena_take(c->arena, at);
	for (unsigned i = 0; i < s.pieces; i++)
		s.piece[i].at += at;
	*out = s;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	warden_stop(c->warden, ANSWER_MS);
	munmap(c->shared, sizeof(*c->shared));
	free(c);
}

/* ---- all at once ---- */

/* Shared with the process that holds: where the snaps go, one after the other behind the head. */
struct gathering {
	const struct spans *maps;
	struct snap_arena *arena, *snaps;
	size_t most;
};

static void visit(pid_t tid, const struct user_regs_struct *regs, void *arg)
{
	const struct gathering *g = arg;
	struct snap *s = (struct snap *)(void *)snap_arena_end(g->snaps);
	size_t at;

	if (snap_arena_room(g->snaps) < sizeof(*s))
		return;
	*s = (struct snap){.tid = tid, .how = SNAP_STOPPED};
	(void)!context_user(&s->context, regs, sizeof(*regs));
	s->nr = context_call(&s->context, s->arg);
	at = snap_copy(s, g->maps, snap_read_live, &tid, snap_arena_end(g->arena),
		snap_arena_room(g->arena), g->most);
	at = snap_arena_take(g->arena, at);
	for (unsigned i = 0; i < s->pieces; i++)
		s->piece[i].at += at;
	snap_arena_take(g->snaps, sizeof(*s));
}

static int by_tid(const void *a, const void *b)
{
	const struct snap *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static int take_snaps(const struct snap_arena *snaps, struct captured *out)
{
	size_t stride = (sizeof(struct snap) + 63) & ~(size_t)63;

	out->n = snaps->used / stride;
	out->v = calloc(out->n ? out->n : 1, sizeof(*out->v));
	if (!out->v)
		return -ENOMEM;
	for (size_t i = 0; i < out->n; i++)
		memcpy(&out->v[i], snaps->base + i * stride, sizeof(*out->v));
	qsort(out->v, out->n, sizeof(*out->v), by_tid);
	for (size_t i = 0; i < out->n; i++)
		out->v[i].held_ns = out->held_ns;
	return 0;
}

int capture_all(struct proc *p, const struct spans *maps, struct snap_arena *arena, size_t most,
	struct captured *out)
{
	struct gathering g = {.maps = maps, .arena = arena, .most = most};
	const struct hold_visitor visitor = {visit, &g};
	int err = snap_arena_open(&g.snaps);

	*out = (struct captured){0};
	if (err)
		return err;
	err = hold_each(p, HOLD_TIMEOUT_MS, HOLD_BUDGET_MS, &visitor, &out->held_ns, &out->culprit);
	if (!err)
		err = take_snaps(g.snaps, out);
	snap_arena_close(g.snaps);
	return err;
}
