/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_REQUEUE_H
#define PTOOLS_CTL_REQUEUE_H

#include <signal.h>
#include <sys/types.h>

#include "proc/proc.h"

/*
 * A tracee of the calling thread at TRACE_SIGNAL (ctl/trace.h) is let go into a job-control stop, with the signal that
 * it is about to get (*info, from trace_siginfo()) pending again exactly as it came: the kernel's siginfo and all. It takes its course once the
 * process goes on.
 *
 * The kernel puts a signal back when its tracer resumes with one that is blocked by then (ptrace_signal(),
 * kernel/signal.c, since 2.6), so all are blocked for a moment. Should the tool die in that moment, the thread goes home by
 * itself (ctl/divert.h), takes its own mask on the way, and gets the signal under it.
 *
 * One that was sent to the process goes back to the process, and another thread of it could take it at once: the caller
 * sees to it that there is none. 0: it was let go. ERR_GONE: it has died. Anything else (no cave, a system call filter):
 * nothing has changed, and the thread stands where it stood.
 */
int requeue_signal(const struct proc *p, pid_t tid, const siginfo_t *info)
	__attribute__((warn_unused_result));

#endif
