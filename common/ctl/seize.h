/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_SEIZE_H
#define PTOOLS_CTL_SEIZE_H

#include "proc/proc.h"

/*
 * trace_seize() that waits at most `ms`. A thread of a process that executes a program cannot be taken until that is
 * done (PTRACE_SEIZE waits for cred_guard_mutex, kernel/ptrace.c); and it is not done before the tracer has taken note
 * of the deaths of the other threads that it traces there. Who holds some of them and waits for another waits for ever,
 * and so does the process. p: the thread's process. -EAGAIN: try again, after having dealt with all reports. Uses
 * SIGALRM and ITIMER_REAL, and puts back what was set.
 */
int seize_within(const struct proc *p, pid_t tid, unsigned options, unsigned ms)
	__attribute__((warn_unused_result));

#endif
