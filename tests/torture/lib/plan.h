/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_PLAN_H
#define TORTURE_PLAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Who is killed when, and what came of it: a page shared by the driver, the tool under test and the
 * helper process ("warden") that the tool forks. plan.c defines touch_point() (ctl/touch.h), which
 * counts the kernel calls of both and kills at the k-th.
 */
enum plan_kill {
	KILL_NONE,
	KILL_RANDOM, /* by the driver, after a random time */
	KILL_BEFORE, /* before kernel call k, `delay_us` after the one before it */
	KILL_AFTER,  /* by the driver, as soon as it sees that call k has been begun */
	KILLS
};
enum plan_who { WHO_TOOL, WHO_WARDEN, WHO_BOTH, WHOS };

extern const char *const plan_kill_names[KILLS];
extern const char *const plan_who_names[WHOS];

#define PLAN_POINTS 256
#define PLAN_NAME   24

struct plan {
	enum plan_kill kill;
	enum plan_who who;
	long k;
	unsigned delay_us;
	int sig; /* SIGKILL, unless set after plan_set() */

	atomic_long count; /* kernel calls begun so far, by whomever */
	_Atomic pid_t tool, warden;
	atomic_bool fired, started, done;
	int err;        /* what agent_open or agent_batch said; valid when done */
	int wrong;      /* calls with a wrong result; valid when done */
	bool completed; /* open, batch and close all went through */
	char name[PLAN_POINTS][PLAN_NAME];
};

/* Makes the shared page and lets touch_point() obey it; exits the program if it cannot. */
struct plan *plan_new(void);

/* Forgets the last run and orders the next one. */
void plan_set(struct plan *p, enum plan_kill kill, enum plan_who who, long k, unsigned delay_us);

/* Sends the plan's signal to whom it names, those that are known. */
void plan_fire(struct plan *p);

/* Name of point k as seen in this run, "?" beyond. */
const char *plan_point(const struct plan *p, long k);

#endif
