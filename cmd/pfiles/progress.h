/* SPDX-License-Identifier: MIT */
#ifndef PFILES_PROGRESS_H
#define PFILES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * How far a look has come, on standard error, if that is a terminal and the wait is over a second; the line is
 * taken away again at the end. It is never waited for: a terminal that takes nothing now gets nothing.
 */
struct progress {
	bool wanted, shown;
	pid_t pid;
	uint64_t next; /* when to show it again, ms of CLOCK_MONOTONIC */
};

/* wanted: by the caller; a terminal must be there as well. */
void progress_begin(struct progress *p, pid_t pid, bool wanted);
void progress_step(struct progress *p, size_t done, size_t all);
void progress_end(struct progress *p);

#endif
