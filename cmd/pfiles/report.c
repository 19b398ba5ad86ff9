/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <unistd.h>

#include "base/err.h"
#include "proc/access.h"

#define MICROSECONDS(ns) (((ns) + 999) / 1000)

/* "borrowed descriptors (why no better way)" */
static void add_way(struct buf *out, const struct proc *p, const struct look *l)
{
	const struct way_report *r = &l->report;

	if (!l->asked) {
		buf_str(out, "no descriptors to ask about");
		return;
	}
	switch (r->kind) {
	case WAY_AGENT:
		buf_str(out,
			r->own_thread ? "agent (a thread of its own)"
				      : "agent (a thread of the process, diverted)");
		return;
	case WAY_BORROW: buf_str(out, "borrowed descriptors"); break;
	case WAY_PROC:
	case WAY_UNUSED: buf_str(out, "/proc only"); break;
	}
	buf_str(out, " (");
	if (l->o->borrow)
		buf_str(out, "-b");
	else if (l->o->hold)
		buf_str(out, "-H");
	else if (l->foreign_user)
		buf_str(out, "process is in another user namespace");
	else if (l->without_calls && !r->why_not_agent)
		buf_str(out, "no socket to ask");
	else
		proc_explain(p, r->why_not_agent, out);
	if (r->kind == WAY_PROC) {
		buf_str(out, "; borrowing: ");
		proc_explain(p, r->why_not_borrow, out);
	}
	buf_chr(out, ')');
}

static void add_stops(struct buf *out, const struct look *l)
{
	const struct way_report *r = &l->report;

	if (l->held_threads)
		buf_fmt(out, "; %zu thread%s held for %llu us", l->held_threads,
			l->held_threads == 1 ? "" : "s",
			(unsigned long long)MICROSECONDS(l->held_ns));
	else if (r->held_ns == 0) /* it may have been tried */
		buf_str(out, "; nobody stopped");
	else if (r->stops == 1)
		buf_fmt(out, "; thread %d stopped for %llu us", (int)r->stopped_tid,
			(unsigned long long)MICROSECONDS(r->held_ns));
	else
		buf_fmt(out, "; thread %d stopped %u times for %llu us, longest %llu us",
			(int)r->stopped_tid, r->stops, (unsigned long long)MICROSECONDS(r->held_ns),
			(unsigned long long)MICROSECONDS(r->longest_ns));
}

void report(struct cli *c, const struct proc *p, const struct look *l)
{
	struct buf out = {0};

	buf_fmt(&out, "%s: %d: ", c->spec->name, (int)proc_pid(p));
	add_way(&out, p, l);
	buf_fmt(&out, ": %llu call%s", (unsigned long long)l->report.calls,
		l->report.calls == 1 ? "" : "s");
	add_stops(&out, l);
	buf_chr(&out, '\n');
	(void)!write(STDERR_FILENO, buf_cstr(&out), out.len);
	buf_free(&out);
}
