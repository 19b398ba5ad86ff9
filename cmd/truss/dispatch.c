/* SPDX-License-Identifier: MIT */
/* What each event demands, in one table. */
#include "calls.h"
#include "event.h"
#include "exec.h"
#include "gentle.h"
#include "life.h"
#include "mem.h"
#include "release.h"
#include "signals.h"
#include "tick.h"

static void on_call(struct truss *t, struct event *ev)
{
	calls_event(t, ev->thr);
}

static void on_signal(struct truss *t, struct event *ev)
{
	signals_event(t, ev->thr, ev->stop.signal);
}

static void on_group_stop(struct truss *t, struct event *ev)
{
	signals_stopped(t, ev->thr, ev->stop.signal);
}

static void on_trap(struct truss *t, struct event *ev)
{
	life_first_stop(t, ev->thr);
}

static void on_new(struct truss *t, struct event *ev)
{
	life_made(t, ev->thr);
}

static void on_vfork_done(struct truss *t, struct event *ev)
{
	event_resume(t, ev->thr, 0);
}

static void on_exec(struct truss *t, struct event *ev)
{
	exec_event(t, ev->stop.tid);
}

static void on_dead(struct truss *t, struct event *ev)
{
	life_dead(t, ev->thr, &ev->stop);
}

static void on_newborn(struct truss *t, struct event *ev)
{
	life_newborn(t, &ev->stop);
}

static void on_stray(struct truss *t, struct event *ev)
{
	life_stray(t, &ev->stop);
}

static void on_tick(struct truss *t, struct event *ev)
{
	(void)ev;
	tick_event(t);
}

static void on_end(struct truss *t, struct event *ev)
{
	(void)ev;
	t->done = true;
}

void event_dispatch(struct truss *t, struct event *ev)
{
	static void (*const handler[EVENT_KINDS])(struct truss * t, struct event * ev) = {
		[EVENT_CALL] = on_call,
		[EVENT_FILTERED] = on_call,
		[EVENT_SIGNAL] = on_signal,
		[EVENT_GROUP_STOP] = on_group_stop,
		[EVENT_TRAP] = on_trap,
		[EVENT_NEW] = on_new,
		[EVENT_VFORK_DONE] = on_vfork_done,
		[EVENT_EXEC] = on_exec,
		[EVENT_DEAD] = on_dead,
		[EVENT_NEWBORN] = on_newborn,
		[EVENT_STRAY] = on_stray,
		[EVENT_TICK] = on_tick,
		[EVENT_INTERRUPT] = on_end,
		[EVENT_LAST] = on_end,
	};

	if (ev->thr) {
		ev->thr->state = THREAD_STANDS;
		gentle_forget(t, ev->thr);
		mem_forget(&ev->thr->mem);
		if (ev->thr->process->quiet && ev->kind != EVENT_EXEC && ev->kind != EVENT_DEAD) {
			life_quiet(ev->thr, &ev->stop);
			return;
		}
	}
	handler[ev->kind](t, ev);
}
