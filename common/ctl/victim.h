/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_VICTIM_H
#define PTOOLS_CTL_VICTIM_H

#include <stdbool.h>
#include <sys/types.h>

#include "proc/proc.h"
#include "proc/threads.h"

/*
 * Which thread may be diverted for a moment without any program noticing. Of several threads neither the first one
 * nor one that has children, but if the wish says so: they draw signals that the process ignores, see
 * victim.c. In this order: one that
 * sleeps in a call which restarts exactly; one whose timeout would merely grow; and one that runs,
 * if the caller takes that upon itself: nobody can tell whether it runs in the middle of a long write, which
 * a stop would cut short. Never one that sleeps in a call that would show EINTR or a short count, that
 * waits in the kernel without interruption, is confined by seccomp, or traced by somebody else. Nor one with a
 * descriptor table of its own: the calls that it runs would tell of other files than those of the process.
 */
struct victim {
	pid_t tid;
	bool stopped; /* by job control: it stays so for everybody else */
	bool rests;   /* asleep or stopped, at; it is suitable only as long as it is there */
	struct thread_place at;
	uint64_t slept;   /* status.slept, */
	uint64_t seen_ns; /* at this time (tracee_clock) */
};

struct victim_wish {
	bool narrow;  /* the program is a 32-bit one */
	bool runners; /* one that runs will do, and none need be seen to rest */
	bool any;     /* the first of several threads, or one with children, will do */
	pid_t shun;   /* 0, or one that turned out not to be calm: the others first */
};

/*
 * ERR_NOVICTIM, or why the last thread that could have served could not: ERR_SECCOMP ERR_TRACED
 * ERR_VFORK. ERR_PERM ERR_GONE.
 */
int victim_choose(const struct proc *p, const struct victim_wish *wish, struct victim *out)
	__attribute__((warn_unused_result));

/*
 * Whether this one thread may be stopped for a moment, and not diverted; who runs only if the
 * wish says so. 0 and *out as for
 * victim_rests(), ERR_NOVICTIM (it sleeps in a call that would show it), ERR_VFORK, ERR_TIMEOUT (it sleeps without
 * interruption), ERR_TRACED, ERR_GONE.
 */
int victim_may_stop(const struct proc *p, pid_t tid, const struct victim_wish *wish,
	struct victim *out) __attribute__((warn_unused_result));

/*
 * Whether it has rested without a break for so many nanoseconds since it was chosen; waits until they have passed.
 * One that comes and goes all the time is likely to go in the very moment of the stop. 0, ERR_NOVICTIM, ERR_GONE.
 */
int victim_calm(const struct proc *p, const struct victim *v, uint64_t ns)
	__attribute__((warn_unused_result));

/*
 * The last look, right before the stop: 0 if the thread rests where it did when it was chosen (or was chosen
 * running). `place` is from thread_place_open(). ERR_NOVICTIM, ERR_GONE.
 */
int victim_rests(const struct victim *v, int place) __attribute__((warn_unused_result));

/*
 * Reasons that forbid it for the process as a whole, whichever thread: ERR_KTHREAD ERR_ZOMBIE
 * ERR_PERM ERR_TRACED ERR_DUMPING ERR_DYING ERR_FROZEN ERR_GONE. *threads: how many there are.
 */
int victim_allowed(const struct proc *p, unsigned *threads) __attribute__((warn_unused_result));

/*
 * Whether a call in which the thread sleeps on that descriptor of its own is restarted unseen (SLEEP_BY_FILE): one of a
 * pipe, a terminal and their like, or a socket without a receive timeout.
 */
bool victim_file_restarts(const struct proc *p, pid_t tid, int fd);

/* Whether its control group is frozen (cgroups(7)): nobody in it can act on a signal until that ends. */
bool victim_frozen(const struct proc *p);

#endif
