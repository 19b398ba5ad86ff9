/* SPDX-License-Identifier: MIT */
#include "row.h"

#include "base/err.h"
#include "ctl/agent.h"
#include "../lib/clock.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/*
 * The agent's own thread leaves 300 ms after its tool fell silent; twice that, and as much again
 * for a busy machine, is when something is left behind.
 */
#define DEADMAN_MS 300
#define SETTLE_MS  (4 * DEADMAN_MS)
#define NAIVE_MS   400  /* how long to wait for a victim of the naive injection */
#define MISSED_MAX 5    /* visits in a row that ended before call k: the sweep is over */
#define BUSY_MS    2500 /* how long, while what the dead left is given its time */
#define LATE_MAX   3 /* budgets that ran out by themselves; and not more than a tenth of the rounds */
#define TOLD_MAX   6 /* failures of one row told in full */

struct course {
	const struct row *row;
	struct plan *plan;
	struct target target;
	struct visit visit;
	struct tally *tally;
	unsigned told, median_us;
	bool residue; /* both were killed: inert bytes may lie in the vdso until the next visit */
};

unsigned tally_failures(const struct tally *t)
{
	return t->dead + t->leaks + t->other + t->eintr - t->known;
}

static bool is_naive(const struct course *c)
{
	return c->row->subject == &subject_naive;
}

static void tell(struct course *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct course *c, const char *fmt, ...)
{
	const struct plan *p = c->plan;
	va_list ap;

	/* The naive injection fails by design; a line for each would drown the rest. */
	if (c->told++ >= TOLD_MAX || is_naive(c))
		return;
	printf("    FAIL round %u: ", c->tally->rounds);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	if (p->fired && (p->kill == KILL_BEFORE || p->kill == KILL_AFTER))
		printf(" [killed %s point %ld %s, delay %u us; next %s]", plan_kill_names[p->kill],
			p->k, plan_point(p, p->k), p->delay_us, plan_point(p, p->k + 1));
	else
		printf(" [%s %u us, %ld points, last %s %s]",
			p->fired ? "killed after" : "no kill;", c->visit.random_us, p->count,
			plan_point(p, p->count - 2), plan_point(p, p->count - 1));
	printf("\n");
}

/*
 * Errors that are no failure: no thread may be disturbed; the one before is not gone yet; or the
 * budget of a stop ran out, on a busy machine or because the target was stopped, which ends the warden.
 */
static bool may_refuse(const struct course *c, int err)
{
	const struct condition *cond = c->row->cond;

	switch (err) {
	case ERR_NOVICTIM: return true;
	case ERR_BUSY:
	case ERR_TRACED: return cond->second || c->residue;
	case ERR_LOST:
	case ERR_TIMEOUT: return true;
	default: return false;
	}
}

/*
 * Whether a visit that was not killed has to be in time: not where stops hold it up, nor where the driver takes
 * a processor to itself while it waits for the moment to kill.
 */
static bool must_be_in_time(const struct course *c)
{
	return c->row->cond->storm != target_storm_stops && c->row->kill != KILL_AFTER;
}

static void count_end(struct course *c, enum visit_end end)
{
	struct tally *t = c->tally;
	const struct plan *p = c->plan;

	if (p->fired)
		t->kills++;
	if (p->count > t->points)
		t->points = (unsigned)p->count;
	if (end == VISIT_HUNG || end == VISIT_DIED) {
		t->other++;
		tell(c, "the tool %s", end == VISIT_HUNG ? "hangs" : "died");
	}
	if (end != VISIT_DONE)
		return;
	if (p->wrong) {
		t->other++;
		tell(c, "%d wrong results", p->wrong);
	} else if (p->completed) {
		t->done++;
	} else if (may_refuse(c, p->err)) {
		t->refused++;
		t->late += (p->err == ERR_LOST || p->err == ERR_TIMEOUT) && !p->fired &&
			must_be_in_time(c);
	} else {
		t->other++;
		tell(c, "tool error: %s", err_str(p->err));
	}
}

/* A visit without kill, which must also clean up what an earlier one could not. */
static int visit_again(struct course *c, bool must_complete)
{
	uint64_t until = now_ms() + patient(BUSY_MS);
	struct visit v = c->visit;
	int err = 0;

	v.storm = NULL;
	do {
		err = visit_plain(&v);
		if (err == 0 || !must_complete)
			break;
		sleep_us(20000);
	} while (now_ms() < until);
	if (err != 0 && !may_refuse(c, err) && err != ERR_BUSY) {
		c->tally->other++;
		tell(c, "following tool: %s", err_str(err));
	} else if (c->plan->wrong) {
		c->tally->other++;
		tell(c, "following tool: %d wrong results", c->plan->wrong);
	}
	return err;
}

static void restart_target(struct course *c)
{
	target_stop(&c->target);
	target_start(&c->target);
	c->visit.target = c->target.pid;
	c->residue = false;
}

/*
 * Nothing may be left. Killing both leaves inert bytes in the vdso, which must go with the next complete
 * visit; so may, on a busy machine, a tool or warden that was left alone with a target that did not
 * leave the cave in time. That is counted, and limited (row_run).
 */
static bool nothing_left(struct course *c, unsigned limit)
{
	struct target *t = &c->target;
	int err;

	if (!visit_warden_gone(&c->visit, SETTLE_MS)) {
		snprintf(t->why, sizeof(t->why), "warden %d lives on", c->plan->warden);
		return false;
	}
	if (!c->residue && target_settled(t, 0, limit))
		return true;
	if (is_naive(c) || !target_settled(t, BAD_VDSO, limit))
		return false;
	c->tally->inert += !c->residue;
	err = visit_again(c, true);
	c->residue = false;
	if (target_settled(t, 0, limit))
		return true;
	/* A word that is left over on a stack may look like a way back into the cave: then nobody clears it. */
	if (err == ERR_BUSY && target_settled(t, BAD_VDSO, limit)) {
		restart_target(c);
		return true;
	}
	snprintf(t->why + strlen(t->why), sizeof(t->why) - strlen(t->why),
		"also after the next visit: %s", err ? err_str(err) : "complete");
	return false;
}

static void check_leaks(struct course *c)
{
	if (nothing_left(c, is_naive(c) ? NAIVE_MS : SETTLE_MS))
		return;
	if (c->target.pid <= 0)
		c->tally->dead++;
	else
		c->tally->leaks++;
	tell(c, "%s", c->target.why);
	restart_target(c);
}

/*
 * ptools(7), HAZARDS: a thread that ran when it was to be stopped, as pstack has to and pfiles -F may, may have
 * just entered a call that a stop interrupts; killed before it has put that right, the tool leaves an EINTR.
 * Seldom, then.
 */
static bool is_known_price(const struct course *c, unsigned eintr)
{
	const struct tally *t = c->tally;
	bool runners =
		c->row->subject == &subject_stacks || c->row->cond->agent_flags & AGENT_RUNNERS;

	return runners && c->plan->fired && t->known + eintr <= 1 + t->rounds / 50;
}

static void check_target(struct course *c, bool look)
{
	struct target *t = &c->target;
	unsigned eintr;

	if (!target_progress(t)) {
		c->tally->dead++;
		tell(c, "%s", t->why);
		restart_target(c);
		return;
	}
	eintr = target_eintr(t);
	if (eintr) {
		c->tally->eintr += eintr;
		if (is_known_price(c, eintr))
			c->tally->known += eintr;
		else
			tell(c, "%u calls interrupted", eintr);
	}
	if (look)
		check_leaks(c);
	visit_reap(t->pid);
}

/*
 * Where tool and warden were both killed, their agent first has to leave by itself, where the tool was,
 * its warden: until then every other tool is told ERR_BUSY, and that is no round.
 */
static enum visit_end visit_when_free(struct course *c, long k, unsigned delay_us)
{
	const struct row *row = c->row;
	uint64_t until = now_ms() + patient(BUSY_MS);
	enum visit_end end = VISIT_DONE;

	while (now_ms() < until) {
		plan_set(c->plan, row->kill, row->who, k, delay_us);
		c->visit.random_us = (unsigned)rand() % (c->median_us * 5 / 4 + 100);
		end = visit_run(&c->visit);
		target_storm_over(&c->target);
		if (end != VISIT_DONE || c->plan->err != ERR_BUSY || row->kill == KILL_NONE)
			break;
		sleep_us(10000);
	}
	return end;
}

/* False if the visit was over before its kill. */
static bool one_round(struct course *c, long k, unsigned delay_us)
{
	const struct row *row = c->row;
	bool both = row->who == WHO_BOTH && row->kill != KILL_NONE;
	enum visit_end end = visit_when_free(c, k, delay_us);
	bool fired = c->plan->fired;

	c->tally->rounds++;
	count_end(c, end);
	c->residue |= both && fired;
	/* Busy for ever: counted; and no reason to let the rest of the row wait for it too. */
	if (end == VISIT_DONE && c->plan->err == ERR_BUSY && row->kill != KILL_NONE)
		restart_target(c);
	if (row->cond->second)
		(void)visit_again(c, false);
	/* After both were killed the dead-man must be waited for: not each time. */
	check_target(c, (!both && !row->cond->second) || c->tally->rounds % 20 == 0);
	return fired;
}

/* How many kernel calls and how long a visit takes. */
static void calibrate(struct course *c)
{
	uint64_t took[5];
	unsigned n = 0;

	for (unsigned i = 0; i < 60 && n < 5; i++) {
		struct visit v = c->visit;
		uint64_t t0 = now_us();

		v.storm = NULL;
		if (visit_plain(&v) == 0)
			took[n++] = now_us() - t0;
		if (c->plan->count > c->tally->points)
			c->tally->points = (unsigned)c->plan->count;
		sleep_us(1000);
	}
	c->median_us = 3000;
	if (n)
		c->median_us = (unsigned)took[n / 2];
	if (c->median_us > 100000)
		c->median_us = 100000;
	check_target(c, true);
}

/*
 * Each kernel call in turn. How many there are varies, for some are made in loops that wait: the sweep
 * is over when visits have come to their end several times before the call that was meant.
 */
static void sweep(struct course *c, unsigned turn)
{
	static const unsigned delay[] = {0, 300, 3000};
	unsigned stride = c->row->stride ? c->row->stride : 1, missed = 0;

	for (long k = turn % stride; k < PLAN_POINTS && missed < MISSED_MAX; k += stride) {
		bool reached = one_round(c, k, delay[((unsigned)k / stride + turn) % 3]);

		missed = reached ? 0 : missed + 1;
	}
}

void row_run(const struct row *row, struct plan *plan, struct tally *out)
{
	const struct condition *cond = row->cond;
	struct course c = {
		.row = row,
		.plan = plan,
		.target = {.program = cond->program, .flags = cond->flags},
		.visit = {.subject = row->subject,
			.plan = plan,
			.flags = cond->agent_flags,
			.storm = cond->storm},
		.tally = out,
	};

	memset(out, 0, sizeof(*out));
	c.visit.storm_arg = &c.target;
	c.target.patience_ms = is_naive(&c) ? NAIVE_MS : 0;
	target_start(&c.target);
	c.visit.target = c.target.pid;
	calibrate(&c);
	for (unsigned i = 0; i < row->rounds; i++) {
		if (row->kill == KILL_BEFORE || row->kill == KILL_AFTER)
			sweep(&c, i);
		else
			one_round(&c, 0, 0);
	}
	check_target(&c, true);
	/* An agent that refuses everybody harms nobody, but is none. */
	if (row->kill == KILL_NONE && out->done * (cond->mostly_refused ? 8 : 2) < out->rounds) {
		out->other++;
		tell(&c, "only %u of %u visits took place", out->done, out->rounds);
	}
	if (out->late > LATE_MAX && out->late * 10 > out->rounds * patient(1)) {
		out->other++;
		tell(&c, "%u visits of %u were too slow", out->late, out->rounds);
	}
	if (out->inert > LATE_MAX && out->inert * 10 > out->rounds * patient(1)) {
		out->leaks += out->inert;
		tell(&c, "the cave was not cleared %u times", out->inert);
	}
	out->settle_ms = c.target.settle_ms_max;
	target_stop(&c.target);
	visit_reap(0);
	target_free(&c.target);
}
