/* SPDX-License-Identifier: MIT */
#include "ctl/errand.h"

#include <string.h>

#include "base/err.h"
#include "ctl/tracee.h"
#include "ctl/urgent.h"
#include "ctl/victim.h"

#define BUDGET_MS  50        /* a stop that lasts longer ends with the warden's death */
#define BEGIN_WAIT 12000000u /* ns: until the diverted thread has its scratch memory */
#define CALLS_WAIT 15000000u /* ns: until a slice of calls is done */
#define LEAVE_WAIT 5000000u  /* ns: until the scratch memory is given back */

#define CHOICES 3 /* threads looked at, one after the other, for a calm one */

#define FIRST_NAP 100000 /* ns, code.S */

/* ---- looking at the scratch memory from outside ---- */

/* False as long as our mapping is not there; one that the program made there meanwhile is not ours.
 */
static bool read_head(struct errand *e, struct scratch_head *h)
{
	return !cave_read(e->d.mem, e->c->scratch, h, sizeof *h) && h->nonce == e->d.params.stamp;
}

static int write_state(struct errand *e, uint32_t state)
{
	return cave_write(e->d.mem, e->c->scratch, &state, sizeof state);
}

enum wanted { MAPPED, UNMAPPED, CLONED, CALLS_DONE };

static bool reached(struct errand *e, enum wanted w, struct scratch_head *h)
{
	bool mapped = read_head(e, h);

	switch (w) {
	case MAPPED: return mapped;
	case UNMAPPED: return !mapped;
	case CLONED: return mapped && h->cloned;
	default: return mapped && h->state == SCRATCH_DONE;
	}
}

/*
 * Looks with hardly a pause: the thread we wait for is away from its program. Where its process is stopped
 * by job control, now or since a moment ago, it stops too, and once more for the stop that we asked
 * for while it was stopped already: from those it is sent on, nobody else is.
 */
static bool await(struct errand *e, enum wanted w, uint64_t ns)
{
	uint64_t begun = tracee_clock();
	struct scratch_head h;
	bool stopped;

	while (!reached(e, w, &h)) {
		if (tracee_clock() - begun > ns)
			return false;
		if (!tracee_poll_stop(e->d.victim.tid, &stopped, NULL) && stopped)
			(void)!tracee_cont(e->d.victim.tid);
		urgent_wait(begun);
	}
	return true;
}

/* ---- one stop ---- */

static int stop_again(struct errand *e, int *map_error)
{
	int err = divert_stop(&e->d, map_error);

	e->stuck |= err == ERR_TIMEOUT;
	return err;
}

/* The thread that the tool has found, if it is there still, or another that is calm. */
static int choose_calm(struct errand *e)
{
	struct victim *v = &e->d.victim;
	uint64_t calm = divert_calm();
	int err;

	*v = e->c->chosen;
	err = v->tid && v->rests ? victim_calm(e->p, v, calm) : ERR_GONE;
	for (int tries = 0; err && tries < CHOICES && !proc_check(e->p); tries++) {
		e->c->wish.shun = v->tid;
		err = victim_choose(e->p, &e->c->wish, v);
		if (!err)
			err = victim_calm(e->p, v, calm);
	}
	e->c->chosen.tid = 0;
	return err;
}

static int stop_begin(struct errand *e)
{
	int err = choose_calm(e);

	if (!err)
		err = budget_set(&e->budget, BUDGET_MS);
	if (err)
		return err;
	(void)urgent_begin();
	e->c->victim = e->d.victim.tid;
	e->d.params.scratch = e->c->scratch;
	e->d.away = false;
	err = divert_begin(&e->d);
	e->c->stops += e->d.seen;
	e->stuck |= err == ERR_TIMEOUT || err == ERR_NOVICTIM;
	if (err == ERR_GONE)
		tracee_reap(e->d.victim.tid);      /* before the next one is tried */
	return err == ERR_PERM ? ERR_TRACED : err; /* opening its memory was allowed */
}

/* A thread may die between being chosen and being stopped; the process has others. */
static int begin(struct errand *e)
{
	int err = ERR_GONE;

	for (int tries = 0; tries < 5 && err == ERR_GONE && !proc_check(e->p); tries++)
		err = stop_begin(e);
	return err;
}

static int stop_end(struct errand *e, int err)
{
	urgent_end();
	if (!e->d.seen)
		e->d.held_ns = 0;
	if (err == ERR_GONE)
		tracee_reap(e->d.victim.tid);
	e->c->held_ns += e->d.held_ns;
	if (e->d.held_ns > e->c->longest_ns)
		e->c->longest_ns = e->d.held_ns;
	return budget_set(&e->budget, 0) ? ERR_LOST : err;
}

/* The thread stands in the cave and the scratch memory is still there: has it given back. */
static int give_back(struct errand *e)
{
	struct scratch_head h;
	int none, err;

	if (!read_head(e, &h))
		return 0;
	err = divert_resume(&e->d, true);
	if (err)
		return err;
	(void)await(e, UNMAPPED, LEAVE_WAIT);
	err = stop_again(e, &none);
	if (err)
		return err;
	return read_head(e, &h) ? ERR_TIMEOUT : 0;
}

static void let_go(struct errand *e)
{
	divert_let_go(&e->d);
	e->strays = true;
}

/*
 * The half-mapped: a thread that stands before the mark may have its scratch memory already, or be
 * about to get it, and nobody can tell. It goes on until it is past that.
 */
static int stop_past_mark(struct errand *e, int *map_error)
{
	int err = stop_again(e, map_error);

	for (int tries = 0; !err && e->d.entering && tries < 3; tries++) {
		err = divert_resume(&e->d, false);
		if (!err)
			(void)await(e, MAPPED, LEAVE_WAIT);
		if (!err)
			err = stop_again(e, map_error);
	}
	return err;
}

/* Puts the thread back from wherever the slice has left it. `err` is what the slice came to. */
static int put_back(struct errand *e, int err)
{
	int map_error, r = stop_past_mark(e, &map_error);

	if (r)
		return r;
	if (!err && map_error)
		err = map_error;
	if (e->d.away)
		r = e->d.entering ? ERR_TIMEOUT : give_back(e);
	if (!r && e->d.away)
		r = divert_restore(&e->d);
	else
		let_go(e);
	return err ? err : r;
}

/* ---- the agent as a thread ---- */

/*
 * Whether the diverted thread is done with making the agent. A thread that stands anywhere before
 * that point must go on: it may have made the agent and not yet said so.
 */
static int boot_result(struct errand *e, int map_error, bool *settled)
{
	struct scratch_head h;

	*settled = true;
	if (map_error)
		return map_error;
	if (read_head(e, &h) && h.cloned > 0) {
		e->c->agent = h.cloned;
		return 0;
	}
	if (read_head(e, &h) && h.cloned < 0)
		return h.cloned;
	*settled = false;
	return ERR_TIMEOUT;
}

static int boot_wait(struct errand *e, bool *settled)
{
	int err = ERR_TIMEOUT, map_error;

	*settled = false;
	for (int tries = 0; tries < 2; tries++) {
		(void)await(e, CLONED, BEGIN_WAIT);
		err = stop_again(e, &map_error);
		if (err)
			return err;
		err = boot_result(e, map_error, settled);
		if (*settled || !e->d.away || tries)
			break;
		if (divert_resume(&e->d, false))
			return ERR_GONE;
	}
	return err;
}

static int boot_end(struct errand *e)
{
	bool settled;
	int err = boot_wait(e, &settled), back;

	if (err == ERR_GONE)
		return err;
	if (err && settled && e->d.away)
		(void)!give_back(e);
	if (!settled || !e->d.away) {
		let_go(e);
		return err;
	}
	back = divert_restore(&e->d);
	return err ? err : back;
}

int errand_boot(struct errand *e)
{
	int err;

	e->d.params.clone_flags = machine_clone_flags();
	err = begin(e);
	if (!err)
		err = boot_end(e);
	return stop_end(e, err);
}

/* ---- the diverted thread runs the calls itself ---- */

static int slice_run(struct errand *e)
{
	struct agent_control *c = e->c;
	size_t head = sizeof(struct scratch_head);
	struct scratch_head *h = (struct scratch_head *)c->table;

	if (!await(e, MAPPED, BEGIN_WAIT))
		return ERR_TIMEOUT;
	h->state = SCRATCH_IDLE;
	h->cloned = 0;
	h->nonce = e->d.params.stamp;
	h->nap[0] = 0;
	h->nap[1] = FIRST_NAP; /* as the code has it: writing the head must not shorten its naps */
	if (cave_write(e->d.mem, c->scratch, c->table, c->used) || write_state(e, SCRATCH_POSTED))
		return ERR_LOST;
	if (!await(e, CALLS_DONE, CALLS_WAIT))
		return ERR_TIMEOUT;
	if (cave_read(e->d.mem, c->scratch + head, c->table + head, c->used - head))
		return ERR_LOST;
	if (write_state(e, SCRATCH_LEAVE))
		return ERR_LOST;
	(void)await(e, UNMAPPED, LEAVE_WAIT);
	return 0;
}

int errand_slice(struct errand *e)
{
	int err;

	e->d.params.clone_flags = 0;
	err = begin(e);
	if (!err)
		err = put_back(e, slice_run(e));
	return stop_end(e, err);
}
