/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <errno.h>
#include <string.h>

#include "counts.h"
#include "ctl/trace.h"
#include "dump.h"
#include "event.h"
#include "exec.h"
#include "life.h"
#include "names.h"
#include "release.h"
#include "show.h"
#include "stop.h"
#include "sys/bytes.h"
#include "sys/structs.h"

/* The kernel's own, include/linux/errno.h: the call will be restarted, unless a handler runs. */
enum { ERESTART_FIRST = 512, ERESTART_LAST = 516 };

/* Whether -r or -w asks for the data of this call. */
static bool is_dumped(const struct truss *t, const struct args_call *c)
{
	const struct sysent *e = c->ent;
	uint64_t fd;

	if (!e || e->fd == SYSENT_NONE || !(e->flags & (SYSENT_READ | SYSENT_WRITE)))
		return false;
	fd = (uint32_t)c->arg[e->fd];
	if (fd >= t->o->reads.size)
		return false;
	return (e->flags & SYSENT_READ && set_has(&t->o->reads, (unsigned)fd)) ||
		(e->flags & SYSENT_WRITE && set_has(&t->o->writes, (unsigned)fd));
}

/* What was seen at entry, as far as it must be looked at then. */
static void make_line(struct truss *t, struct thread *thr)
{
	struct args_call *c = &thr->call;
	unsigned bit = options_call_bit(c->ent);

	thr->options = set_has(&t->o->raw, bit) ? ARGS_RAW | ARGS_UNFOLDED : 0;
	buf_clear(&thr->inputs);
	buf_clear(&thr->strings);
	buf_clear(&thr->data);
	if (thr->dumped && c->ent->flags & SYSENT_WRITE && dump_total(c) > BYTES_PEEK) {
		thr->options |= ARGS_NOPEEK;
		dump_add(c, &thr->data);
	}
	args_enter(&thr->line, c, thr->options);
	if (thr->options & ARGS_RAW)
		args_add_strings(c, &thr->strings);
	if (set_has(&t->o->verbose, bit))
		structs_add(c, STRUCTS_IN, &thr->inputs);
}

void calls_begin(struct truss *t, struct thread *thr)
{
	struct args_call *c = &thr->call;
	bool named;

	thr->in_call = true;
	thr->slept = thr->interrupted = thr->executed = false;
	thr->entered = t->now;
	c->done = false;
	c->ent = sysent_find(c->abi, c->nr);
	if (c->abi == ABI_I386)
		args_unwrap(c);
	if (c->ent && c->ent->flags & SYSENT_FORK) {
		thr->process->made_by = c->ent->name;
		t->forking = thr->tid;
		t->handlers_shared |= life_shares_handlers(thr);
	}
	if (t->o->names) {
		c->fd = names_add;
		c->fd_ctx = thr;
	}
	thr->dumped = is_dumped(t, c);
	named = options_path(t->o, c);
	thr->stops = named && set_has(&t->o->stop_calls, options_call_bit(c->ent));
	thr->shown = thr->dumped || (named && set_has(&t->o->trace, options_call_bit(c->ent)));
	if (t->o->count)
		counts_enter(t, thr);
	else if (thr->shown)
		make_line(t, thr);
}

/* Calls that never return are shown now. */
static void show_last_words(struct truss *t, struct thread *thr)
{
	if (t->o->count)
		counts_leave(t, thr);
	else if (thr->shown)
		t->show->call(t, thr);
	thr->in_call = false;
}

static void enter(struct truss *t, struct thread *thr, const struct trace_call *i)
{
	struct buf path = {0};
	const struct sysent *e;

	calls_flush(t, thr);
	thr->call.abi = abi_of(i->arch, i->nr);
	thr->call.nr = i->nr;
	memcpy(thr->call.arg, i->arg, sizeof thr->call.arg);
	calls_begin(t, thr);
	e = thr->call.ent;
	if (e && e->flags & SYSENT_NORETURN)
		show_last_words(t, thr);
	if (e && e->flags & SYSENT_NORETURN && thr->stops && !stop_is_old_call(thr, i))
		stop_before_call(t, thr);
	else if (e && e->flags & SYSENT_EXEC && exec_needs_release(t, thr, &path))
		release_for_exec(t, thr, &path);
	else
		event_resume(t, thr, 0);
	buf_free(&path);
}

static void finish(struct truss *t, struct thread *thr)
{
	if (t->o->count) {
		counts_leave(t, thr);
		return;
	}
	if (!thr->shown)
		return;
	if (thr->dumped && thr->call.ent->flags & SYSENT_READ &&
		dump_total(&thr->call) > BYTES_PEEK) {
		thr->line.options |= ARGS_NOPEEK;
		dump_add(&thr->call, &thr->data);
	}
	t->show->call(t, thr);
}

/* A program that traces others itself is told why it cannot. */
static void explain_refusal(struct truss *t, struct thread *thr)
{
	const struct args_call *c = &thr->call;

	if (c->error == EPERM && c->ent && !strcmp(c->ent->name, "ptrace") && thr->shown &&
		!t->o->count)
		t->show->note(t, thr, "traced by truss: cannot be traced by another");
}

void calls_flush(struct truss *t, struct thread *thr)
{
	if (!thr->interrupted)
		return;
	finish(t, thr);
	thr->interrupted = false;
}

/*
 * Whether its line can be finished without a look at the thread, so that it may go on meanwhile, on another
 * processor.
 */
static bool is_complete(const struct truss *t, const struct thread *thr)
{
	unsigned bit = options_call_bit(thr->call.ent);

	return !t->o->count && !t->o->names && !thr->executed && !thr->dumped &&
		!(thr->options & ARGS_RAW) && !set_has(&t->o->verbose, bit) &&
		!args_looks_back(&thr->line, &thr->call);
}

static void show_return(struct truss *t, struct thread *thr)
{
	if (t->o->names)
		names_returned(thr);
	finish(t, thr);
	explain_refusal(t, thr);
	if (t->o->names)
		names_follow(thr);
	if (thr->executed && !t->o->count)
		exec_note_rights(t, thr);
	thr->executed = false;
}

static void leave(struct truss *t, struct thread *thr, const struct trace_call *i)
{
	struct args_call *c = &thr->call;

	thr->in_call = false;
	c->done = true;
	if (c->ent && c->ent->flags & SYSENT_DISPOSITION)
		thr->process->dispositions = false;
	c->error = i->error ? (int)-i->result : 0;
	c->result = i->result;
	if (c->abi == ABI_I386)
		args_unwrap_result(c);
	if (c->error >= ERESTART_FIRST && c->error <= ERESTART_LAST) {
		thr->interrupted = true; /* the signal, if it is one, is shown first */
		event_resume(t, thr, 0);
		return;
	}
	if (thr->executed) {
		thr->exec_sp = i->sp;
		thr->exec_abi = abi_of(i->arch, 0);
	}
	if (!thr->stops && is_complete(t, thr)) {
		event_resume(t, thr, 0);
		show_return(t, thr);
		return;
	}
	show_return(t, thr);
	if (thr->stops)
		stop_after_call(t, thr);
	else
		event_resume(t, thr, 0);
}

void calls_event(struct truss *t, struct thread *thr)
{
	struct trace_call i;

	if (trace_call(thr->tid, &i))
		return; /* killed: its death is reported next */
	if (i.entry)
		enter(t, thr, &i);
	else if (i.exit && thr->in_call)
		leave(t, thr, &i);
	else
		event_resume(t, thr, 0);
}
