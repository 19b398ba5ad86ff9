/* SPDX-License-Identifier: MIT */
/* Agent, borrowed descriptors, /proc: picks the best way there is and falls back while in use. */
#include "ctl/way.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "ctl/agent.h"
#include "ctl/borrow.h"

struct way {
	struct proc *p;
	struct agent *agent; /* one of the two, or neither */
	struct borrow *borrow;
	struct agent_crew *crew;
	unsigned flags;
	struct way_report report; /* of the agent: only what one that was closed has done */
	uint64_t borrowed_calls;
};

static void take_agent_report(struct way_report *r, const struct agent *a)
{
	struct agent_report ar;

	agent_report(a, &ar);
	r->own_thread = ar.own_thread;
	r->calls += ar.calls;
	r->stopped_tid = ar.stopped_tid;
	r->stops = ar.stops;
	r->held_ns = ar.held_ns;
	r->longest_ns = ar.longest_ns;
}

static void use_proc(struct way *w, int why)
{
	borrow_close(w->borrow);
	w->borrow = NULL;
	w->report.kind = WAY_PROC;
	w->report.why_not_borrow = why;
}

/* 0 even when the way is now WAY_PROC. */
static int use_borrow(struct way *w)
{
	int err = w->flags & WAY_NO_BORROW ? ERR_NOTSUP : borrow_open(w->p, &w->borrow);

	if (err == ERR_GONE || err == -ENOMEM)
		return err;
	w->report.kind = WAY_BORROW;
	if (err)
		use_proc(w, err);
	return 0;
}

static int leave_agent(struct way *w, int why)
{
	take_agent_report(&w->report, w->agent);
	agent_close(w->agent);
	w->agent = NULL;
	w->report.why_not_agent = why;
	return use_borrow(w);
}

static unsigned agent_flags(unsigned flags)
{
	return (flags & WAY_MANY ? AGENT_MANY : 0) | (flags & WAY_RUNNERS ? AGENT_RUNNERS : 0);
}

static int open_now(struct way *w)
{
	bool wanted = !(w->flags & WAY_NO_AGENT);
	int err = wanted ? agent_open(w->p, agent_flags(w->flags), w->crew, &w->agent) : ERR_NOTSUP;

	if (err == 0) {
		w->report.kind = WAY_AGENT;
		return 0;
	}
	w->agent = NULL;
	w->report.why_not_agent = wanted ? err : 0;
	return use_borrow(w);
}

int way_open(struct proc *p, unsigned flags, struct agent_crew *crew, struct way **out)
{
	struct way *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct way){.p = p, .crew = crew, .flags = flags, .report.kind = WAY_UNUSED};
	err = flags & WAY_LATE ? 0 : open_now(w);
	if (err) {
		way_close(w);
		return err;
	}
	*out = w;
	return 0;
}

static int batch_by_agent(struct way *w, struct call *calls, size_t n, size_t *done)
{
	int err = agent_batch(w->agent, calls, n, done);

	if (err == 0 || err == ERR_REFUSED)
		return err;
	return leave_agent(w, err);
}

static int batch_by_borrow(struct way *w, struct call *calls, size_t n)
{
	size_t done = 0;
	int err = borrow_batch(w->borrow, calls, n, &done);

	w->borrowed_calls += done;
	if (err == 0 || err == ERR_REFUSED || err == ERR_GONE)
		return err;
	use_proc(w, err);
	return ERR_NOTSUP;
}

int way_batch(struct way *w, struct call *calls, size_t n)
{
	size_t done = 0;
	int err = 0;

	if (n && w->report.kind == WAY_UNUSED)
		err = open_now(w);
	if (err || !n)
		return err;
	if (w->agent) {
		err = batch_by_agent(w, calls, n, &done);
		if (err || w->agent)
			return err;
	}
	if (w->borrow)
		return batch_by_borrow(w, calls + done, n - done);
	return ERR_NOTSUP;
}

bool way_may_wait(const struct way *w)
{
	return w->agent && agent_may_wait(w->agent);
}

enum way_kind way_kind(const struct way *w)
{
	return w->report.kind;
}

void way_report(const struct way *w, struct way_report *out)
{
	*out = w->report;
	if (w->agent)
		take_agent_report(out, w->agent);
	out->calls += w->borrowed_calls;
}

void way_close(struct way *w)
{
	if (!w)
		return;
	agent_close(w->agent);
	borrow_close(w->borrow);
	free(w);
}
