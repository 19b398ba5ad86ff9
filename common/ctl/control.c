/* SPDX-License-Identifier: MIT */
#include "ctl/control.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/keeper.h"
#include "proc/family.h"
#include "proc/operand.h"

/* Whose children come faster than they can be stopped has other means than these. */
#define PASSES_MAX 10000

static int one_process(const struct control *c, const struct proc *p, struct stop_culprit *culprit)
{
	static const struct tid_ranges all = {0};
	int kept, err;

	if (!c->run)
		return stop_process(p, c->timeout_ms, culprit);
	/* Single threads of it may be held besides. Where that is not for us to undo, the others run all the same. */
	kept = keeper_let_go(p, &all, c->timeout_ms, culprit);
	if (kept != ERR_KEEPER && kept != ERR_STILL)
		return stop_continue(p, c->timeout_ms, culprit);
	err = stop_continue(p, c->timeout_ms, culprit);
	return err && err != ERR_TRACED ? err : kept;
}

static void descendant(const struct control *c, const struct family_member *m)
{
	struct stop_culprit culprit = {0};
	struct proc *p = NULL;
	char operand[16];
	int err;

	if (m->pid == getpid() || m->state == 'Z' || m->state == 'X' || keeper_is(m->pid))
		return;
	snprintf(operand, sizeof operand, "%d", (int)m->pid);
	err = proc_open(m->pid, &p);
	if (!err && proc_start_time(p) == m->start)
		err = one_process(c, p, &culprit);
	if (err && err != ERR_GONE && err != ERR_NOPROC && err != ERR_ZOMBIE)
		c->fail(c->ctx, p, operand, err, &culprit);
	proc_close(p);
}

/* From the deepest generation to the first below the ancestor. */
static void run_up(const struct control *c, const struct family_member *m, size_t from, size_t n)
{
	unsigned depth = 0;

	for (size_t i = from; i < n; i++)
		depth = m[i].depth > depth ? m[i].depth : depth;
	for (; depth > 0; depth--)
		for (size_t i = from; i < n; i++)
			if (m[i].depth == depth)
				descendant(c, m + i);
}

/*
 * Passes over all processes until two have found nobody new to deal with. Once the family runs, newcomers are
 * continued only where they are stopped: they may be made without end.
 */
static int whole_family(const struct control *c, struct family *f, bool runs)
{
	size_t dealt = 1, n, fresh; /* the ancestor is the caller's */
	int err = 0;

	for (int quiet = 0, passes = 0; !err && quiet < 2 && passes < PASSES_MAX; passes++) {
		const struct family_member *m;
		bool any = false;

		err = family_pass(f, &fresh);
		m = family_members(f, &n);
		for (size_t i = dealt; i < n; i++)
			any |= runs ? m[i].state == 'T' : m[i].state != 'Z' && m[i].state != 'X';
		if (c->run && !runs)
			run_up(c, m, dealt, n);
		for (size_t i = dealt; (!c->run || runs) && i < n; i++)
			if (!runs || m[i].state == 'T')
				descendant(c, m + i);
		dealt = n;
		quiet = any ? 0 : quiet + 1;
		if (c->run && !runs)
			break;
	}
	return err;
}

static int with_family(const struct control *c, const struct proc *p, struct stop_culprit *culprit)
{
	struct family *f;
	int err = family_open(p, &f), walk;

	if (err)
		return err;
	walk = c->run ? whole_family(c, f, false) : 0;
	err = one_process(c, p, culprit);
	if (!walk)
		walk = whole_family(c, f, c->run);
	family_close(f);
	return err ? err : walk;
}

static int threads_of(const struct control *c, const struct proc *p, const struct tid_ranges *tids,
	struct stop_culprit *culprit)
{
	int err = stop_examine(p);

	if (!err && c->family)
		err = ERR_BADTIDS; /* descendants are whole processes */
	if (err)
		return err;
	return c->run ? keeper_let_go(p, tids, c->timeout_ms, culprit)
		      : keeper_hold(p, tids, c->timeout_ms, culprit);
}

void control_operand(const struct control *c, const char *operand)
{
	struct stop_culprit culprit = {0};
	struct tid_ranges tids;
	struct proc *p = NULL;
	int err = operand_open(operand, OPERAND_THREADS, &tids, &p);

	if (!err && tids.n)
		err = threads_of(c, p, &tids, &culprit);
	else if (!err)
		err = c->family ? with_family(c, p, &culprit) : one_process(c, p, &culprit);
	if (err)
		c->fail(c->ctx, p, operand, err, &culprit);
	tid_ranges_free(&tids);
	proc_close(p);
}
