/* SPDX-License-Identifier: MIT */
#ifndef TORTURE_STOP_TOOL_H
#define TORTURE_STOP_TOOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "order.h"

/* Makes the page; exits the program if it cannot. */
struct order *order_new(void);
void order_set(struct order *o, enum order_who who, long k);

/* A pstop or prun that is running. */
struct tool {
	pid_t pid;  /* 0: it has ended */
	int status; /* exit status, -signal; -1000: it did not end in time, and was killed */
	int out;    /* what it says, to be read when it has ended */
};
void tool_start(struct tool *t, const char *name, const char *operand);
/* Waits for its end, and returns its status. says: at least 256 bytes. */
int tool_wait(struct tool *t, char *says);
bool tool_over(struct tool *t);

/* The threads of a process, as they were made; returns how many. */
unsigned thread_ids(pid_t pid, pid_t *tid, unsigned max);
/*
 * Whether the operand stands as pstop says: all threads in a job-control stop, or those in the list held and no other.
 */
bool threads_stand(pid_t pid, const char *operand);

/* Children of ours that are keepers, first `max` of them; returns how many. We must be the one who inherits orphans. */
unsigned keepers_now(pid_t *pid, unsigned max);
/* Takes note of the death of orphans that were keepers, or pstop and its like. */
void keepers_reap(void);
/* The same of all; false: after `ms` somebody is left who is a keeper, or was on the way to be one. */
bool keepers_gone(pid_t target, unsigned ms);

#endif
