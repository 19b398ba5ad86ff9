/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_VISIT_H
#define TORTURE_VISIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "plan.h"
#include "subject.h"

/* One run of a tool, in a process of its own, on one target; the plan says who dies when. */
struct visit {
	const struct subject *subject;
	struct plan *plan;
	pid_t target;
	unsigned flags;           /* enum agent_flags */
	unsigned rounds;          /* batches; 0: one */
	unsigned random_us;       /* KILL_RANDOM: how long after the start */
	void (*storm)(void *arg); /* called again and again meanwhile; NULL: nothing */
	void *storm_arg;
	int (*body)(struct visit *v); /* in the tool, instead of subject_visit(); its error */
};

enum visit_end {
	VISIT_DONE,   /* the tool ran to its end: plan->err, plan->wrong say how */
	VISIT_KILLED, /* by plan */
	VISIT_DIED,   /* by itself: a bug of the tool */
	VISIT_HUNG,   /* did not end in time and was killed */
};

/* Runs it to one of these ends; the plan must have been set. */
enum visit_end visit_run(struct visit *v);

/* The same in two steps, for those who want to do something meanwhile. */
pid_t visit_start(struct visit *v);
enum visit_end visit_wait(struct visit *v);

/* Plain visit without kill: what the tool returned, ERR_LOST if it died, ERR_TIMEOUT if it hung. */
int visit_plain(struct visit *v);

/*
 * Makes the caller inherit the orphans of its tools, so that it can see them go; the second reaps
 * those that have ended, except `keep`.
 */
void visit_adopt(void);
void visit_reap(pid_t keep);

/* Waits until the warden of the last run is gone too. */
bool visit_warden_gone(struct visit *v, unsigned timeout_ms);

#endif
