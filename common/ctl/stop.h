/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_STOP_H
#define PTOOLS_CTL_STOP_H

#include <sys/types.h>

#include "base/buf.h"
#include "proc/proc.h"

/*
 * Job control of a whole process, confirmed: SIGSTOP and SIGCONT (signal(7)), sent through the handle's pidfd, and
 * then a look at every thread until it is as asked. Nothing of it depends on the caller staying alive: killed
 * at any moment, the signal was sent or was not. Needs the right to signal the process (kill(2)), no other.
 */

/* Of a failure: the first thread that is not as asked. */
struct stop_culprit {
	pid_t tid;  /* 0: not known */
	char state; /* as ps(1) has it */
	/*
	 * 0; ERR_VFORK, ERR_FROZEN; ERR_EXEC: it could not even be asked to; ERR_STILL: not the thread, but its process is stopped. With ERR_PERM: ERR_PERM if it
	 * is ptrace(2) that is denied, not kill(2).
	 */
	int why;
};

/* What cannot be stopped, whoever asks: ERR_ZOMBIE ERR_KTHREAD ERR_GONE; ERR_PERM where /proc hides it. Else 0. */
int stop_examine(const struct proc *p) __attribute__((warn_unused_result));

/*
 * Returns 0 once every thread was seen stopped (T), held by a tracer (t), or dead. Nothing is sent to a process
 * whose threads all stand already. ERR_TIMEOUT: *culprit was not, timeout_ms after the signal, and the stop
 * stays requested; ERR_INIT: the kernel discards SIGSTOP for pid 1 of our own namespace
 * (pid_namespaces(7)); ERR_PERM ERR_ZOMBIE ERR_KTHREAD ERR_GONE.
 */
int stop_process(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
	__attribute__((warn_unused_result));

/*
 * Sends SIGCONT, always, and returns 0 once no thread is stopped, or the process has ended after that. A handler of the process for SIGCONT runs.
 * ERR_STILL: *culprit is stopped all the same after timeout_ms (again, or its control group is frozen);
 * ERR_TRACED: a tracer holds it. ERR_PERM ERR_ZOMBIE ERR_KTHREAD ERR_GONE.
 */
int stop_continue(const struct proc *p, unsigned timeout_ms, struct stop_culprit *culprit)
	__attribute__((warn_unused_result));

/* Fills in why a thread does not stop, or does not go on, where that can be known. */
void stop_ask_why(const struct proc *p, struct stop_culprit *c);

/* What stands behind an error's own words: "operand: cause and way out", escaped. p may be NULL. */
void stop_explain(const struct proc *p, const char *operand, int err,
	const struct stop_culprit *culprit, struct buf *out);

#endif
