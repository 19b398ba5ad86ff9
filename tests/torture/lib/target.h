/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_TARGET_H
#define TORTURE_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "board.h"

/*
 * A running victim (tests/torture/victims) and what can be seen of it. Functions that find
 * something wrong return false and leave the reason in `why`.
 */
struct target {
	const char
		*program; /* "runner", "runner.static", "runner.32" beside the test's own program */
	unsigned flags;   /* enum victim_flags */
	unsigned patience_ms; /* how long a job may make no progress */

	pid_t pid;
	struct board *board;
	int board_fd;
	bool stopped; /* target_storm_stops() left it stopped */
	uint32_t sent, sent_sum;
	uint32_t eintr_told; /* EINTRs already reported */
	unsigned settle_ms_max;
	char why[512];
};

/* Starts it and waits until all jobs run; exits the program if it cannot. */
void target_start(struct target *t);
void target_stop(struct target *t);
void target_free(struct target *t); /* stops it and gives the board back */

/* Alive, and every job has made progress since the call began. */
bool target_progress(struct target *t);

/* Kernel's view and the victim's own: nothing left behind. Waits up to `limit_ms` for it to be so.
 * `allowed`: enum verdict bits that are accepted. */
bool target_settled(struct target *t, unsigned allowed, unsigned limit_ms);

/* How many EINTRs and short counts there were that nothing explains, since the last call. */
unsigned target_eintr(struct target *t);

/* Storm callbacks for struct visit; arg is the target. The second leaves it stopped at times:
 * target_storm_over() lets it run. */
void target_storm_signals(void *arg);
void target_storm_stops(void *arg);
void target_storm_over(struct target *t);

/* No thread of pid is stopped, traced or dying: "" if so, else what was seen. Any process. */
const char *target_threads_free(pid_t pid, bool job_stop_allowed);

/* "Name:" line of /proc/pid/status as a number, -1 if absent. */
long target_status(pid_t pid, const char *name);

/* Directory of the running program, for finding victims and data beside it. */
const char *target_dir(void);

#endif
