/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <errno.h>
#include <poll.h>

#include "attach.h"
#include "base/err.h"
#include "ctl/tracee.h"
#include "interrupt.h"

#define TICK_GENTLE_MS 2           /* while threads are to be asked to stop as soon as they may */
#define GENTLE_SOON_NS 1000000000u /* after that not quite so often */
#define TICK_FULL_MS   20          /* while lines wait to be written */
#define TICK_EMPTY_MS  250         /* to see who sleeps */

static enum event_kind kind_of(const struct trace_stop *s)
{
	switch (s->kind) {
	case TRACE_CALL: return EVENT_CALL;
	case TRACE_FILTERED: return EVENT_FILTERED;
	case TRACE_SIGNAL: return EVENT_SIGNAL;
	case TRACE_GROUP_STOP: return EVENT_GROUP_STOP;
	case TRACE_TRAP: return EVENT_TRAP;
	case TRACE_NEW: return EVENT_NEW;
	case TRACE_VFORK_DONE: return EVENT_VFORK_DONE;
	case TRACE_EXEC: return EVENT_EXEC;
	case TRACE_DEAD: return EVENT_DEAD;
	default: return EVENT_STRAY;
	}
}

/* A thread nobody knew: one that was just born stops first of all as TRACE_TRAP or TRACE_GROUP_STOP. */
static enum event_kind kind_of_unknown(const struct trace_stop *s)
{
	switch (s->kind) {
	case TRACE_DEAD:
	case TRACE_STOPPED: return EVENT_STRAY;
	case TRACE_EXEC: return EVENT_EXEC;
	default: return EVENT_NEWBORN;
	}
}

/* What gathered is written before we sleep: at once on a terminal, else with the tick. */
static void prepare_to_wait(struct truss *t)
{
	if (t->out.page.len && t->out.terminal)
		out_flush(&t->out);
	if (t->postponed && t->now - t->base < GENTLE_SOON_NS)
		watch_tick(&t->watch, TICK_GENTLE_MS);
	else
		watch_tick(
			&t->watch, t->postponed || t->out.page.len ? TICK_FULL_MS : TICK_EMPTY_MS);
}

static enum event_kind wait_for_stop(struct truss *t, struct event *ev)
{
	int r;

	prepare_to_wait(t);
	if (!t->table.count) {
		/* Threads are awaited that are not there yet (attach.h); the tick looks for them. */
		poll(NULL, 0, TICK_EMPTY_MS);
		return interrupt_pending() ? EVENT_INTERRUPT : EVENT_TICK;
	}
	r = watch_next(&t->watch, t->table.count, t->now, &ev->stop);
	t->now = tracee_clock();
	t->used = r == 1 ? ev->stop.used_ns : 0;
	if (r < 0) {
		attach_lost(t);
		return t->awaited ? EVENT_TICK : EVENT_LAST;
	}
	if (r == 0)
		return interrupt_pending() ? EVENT_INTERRUPT : EVENT_TICK;
	t->stops++;
	t->lately = ev->stop.tid;
	ev->thr = thread_find(&t->table, ev->stop.tid);
	return ev->thr ? kind_of(&ev->stop) : kind_of_unknown(&ev->stop);
}

void event_next(struct truss *t, struct event *ev)
{
	ev->thr = NULL;
	if (interrupt_pending() || t->out.err)
		ev->kind = EVENT_INTERRUPT;
	else if (interrupt_ticked())
		ev->kind = EVENT_TICK;
	else if (!t->table.count && !t->awaited)
		ev->kind = EVENT_LAST;
	else
		ev->kind = wait_for_stop(t, ev);
}

void event_resume(struct truss *t, struct thread *thr, int signal)
{
	/* With a filter, only a call that it picked out is followed to its exit. */
	enum trace_how how = t->filtered && !thr->in_call ? TRACE_RUN : TRACE_TO_CALL;

	thr->state = THREAD_GOES;
	thr->met = true;
	/* Gone: its death is reported next. */
	(void)!trace_resume(thr->tid, how, signal);
}
