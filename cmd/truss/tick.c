/* SPDX-License-Identifier: MIT */
#include "tick.h"

#include "attach.h"
#include "ctl/tracee.h"
#include "gentle.h"
#include "life.h"
#include "quick.h"
#include "show.h"

#define LOOKS     100         /* at most in one tick: the others have their turn with the next */
#define SLEEPS_NS 1000000000u /* longer than that: it is shown that it sleeps */

struct looking {
	struct truss *t;
	unsigned left;
};

static bool is_asleep(pid_t tid)
{
	struct status s;

	return life_read_status(tid, &s) && (s.state == 'S' || s.state == 'D');
}

static void look(struct thread *thr, void *ctx)
{
	struct looking *l = ctx;
	struct truss *t = l->t;

	if (!l->left || !thr->in_call || thr->slept || !thr->shown ||
		t->now - thr->entered < SLEEPS_NS)
		return;
	if (thr->state != THREAD_GOES)
		return;
	l->left--;
	if (!is_asleep(thr->tid))
		return;
	thr->slept = true;
	mem_forget(&thr->mem);
	t->show->sleeping(t, thr);
}

void tick_event(struct truss *t)
{
	struct looking l = {t, LOOKS};

	t->now = tracee_clock();
	if (!t->o->no_sleep)
		thread_each(&t->table, look, &l);
	gentle_tick(t);
	quick_look(t->quick, t->now, t->stops, t->lately);
	if (t->awaited)
		attach_awaited(t);
	out_flush(&t->out);
}
