/* SPDX-License-Identifier: MIT */
#ifndef VICTIM_RUNNER_H
#define VICTIM_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/board.h"

/*
 * The torture's victim: jobs that notice any disturbance (jobs.c), a look at itself on request
 * (look.c), and main in runner.c. Nothing here allocates after the start, so that the maps of an
 * undisturbed victim never change.
 */
struct runner {
	struct board *board;
	unsigned flags; /* enum victim_flags */
	int to_echo, from_echo;
	int epoll, event;
	int low_fd; /* what open(2) must return, forever */
};
extern struct runner runner;

/* Handler runs seen by the calling thread: explains an EINTR. */
extern __thread volatile uint32_t handled_here;

/* Says what is wrong, once for all threads, and aborts. */
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* jobs.c: one round of each. The descriptors are made by jobs_init(), before any thread. */
void jobs_init(void);
void job_round(enum job job);
void rseq_round(void);

/* look.c: files opened before any thread; the baseline; the comparison whenever the board asks. */
void look_open(void);
void look_init(void);
void look_answer(void);

#endif
