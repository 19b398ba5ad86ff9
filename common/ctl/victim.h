/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_VICTIM_H
#define PTOOLS_CTL_VICTIM_H

#include <stdbool.h>
#include <sys/types.h>

#include "proc/proc.h"

/*
 * Which thread may be diverted for a moment without any program noticing. In this order: one that
 * sleeps in a call which restarts exactly; one whose timeout would merely grow; one that runs.
 * Never one that sleeps in a call that would show EINTR or a short count, that waits in the kernel
 * without interruption, is confined by seccomp, or traced by somebody else.
 */
struct victim {
	pid_t tid;
	bool stopped; /* by job control: it stays so for everybody else */
};

/*
 * ERR_NOVICTIM, or why the last thread that could have served could not: ERR_SECCOMP ERR_TRACED
 * ERR_VFORK. ERR_PERM ERR_GONE.
 */
int victim_choose(const struct proc *p, bool narrow, struct victim *out)
	__attribute__((warn_unused_result));

/*
 * Whether this one thread may be stopped for a moment, and not diverted: 0, ERR_NOVICTIM (it sleeps in a call
 * that would show it), ERR_VFORK, ERR_TIMEOUT (it sleeps without interruption), ERR_TRACED, ERR_GONE.
 */
int victim_may_stop(const struct proc *p, pid_t tid, bool narrow)
	__attribute__((warn_unused_result));

/*
 * Reasons that forbid it for the process as a whole, whichever thread: ERR_KTHREAD ERR_ZOMBIE
 * ERR_PERM ERR_TRACED ERR_DUMPING ERR_DYING ERR_FROZEN ERR_GONE. *threads: how many there are.
 */
int victim_allowed(const struct proc *p, unsigned *threads) __attribute__((warn_unused_result));

#endif
