/* SPDX-License-Identifier: MIT */
#include "release.h"

#include "ctl/trace.h"
#include "show.h"

static void let_go(const struct trace_stop *s)
{
	/* A death stays for whoever waits for it: the parent, or truss itself for its command. */
	if (s->kind != TRACE_DEAD)
		(void)!trace_detach(s->tid, s->kind == TRACE_SIGNAL ? s->signal : 0);
}

void release_all(struct truss *t)
{
	watch_drop(&t->watch, let_go);
	watch_tick(&t->watch, 0);
}

void release_for_exec(struct truss *t, struct thread *thr, const struct buf *path)
{
	struct buf words = {0};

	buf_fmt(&words, "cannot trace across exec() of %s", buf_cstr(path));
	if (!t->o->count)
		t->show->note(t, thr, buf_cstr(&words));
	buf_free(&words);
	(void)!trace_detach(thr->tid, 0);
	thread_remove(&t->table, thr);
}
