/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_KEEPER_H
#define PTOOLS_CTL_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "ctl/stop.h"
#include "proc/operand.h"
#include "proc/proc.h"

/*
 * Single threads, held for as long as the user wants. Linux has no stop of one thread but that of ptrace(2), and that
 * ends with the tracer; so there is one, the keeper: a process of the user's, in no session, that outlives the tool,
 * holds threads of any number of processes, and ends with the last of them. Killed, it leaves them running.
 *
 * It is found through the kernel, which says who traces a thread, and spoken to over a socket with an abstract address
 * (unix(7)). It obeys its own user, and root, if they have no fewer capabilities than it has itself.
 */
#define KEEPER_NAME "ptools-keeper"

/* Whether that process is called so; who asks it for something also asks the kernel whose it is. */
bool keeper_is(pid_t pid);

/*
 * Holds the threads in `tids`, starting a keeper if there is none, and returns once each was seen held. Threads that
 * end are no failure. ERR_NOTHREAD: none matches; ERR_TRACED: another tracer has one; ERR_TIMEOUT: *culprit does not
 * stop, and stays asked to; ERR_PERM ERR_GONE ERR_KEEPER (no keeper can be reached or started).
 */
int keeper_hold(const struct proc *p, const struct tid_ranges *tids, unsigned timeout_ms,
	struct stop_culprit *culprit) __attribute__((warn_unused_result));

/*
 * Lets go of the threads in `tids` that a keeper holds (all of them where tids->n is 0, which may be none), and
 * returns once none of them is held. ERR_NOTHREAD ERR_TRACED ERR_TIMEOUT ERR_STILL (the whole process is stopped)
 * ERR_PERM (another user's keeper) ERR_KEEPER ERR_GONE.
 */
int keeper_let_go(const struct proc *p, const struct tid_ranges *tids, unsigned timeout_ms,
	struct stop_culprit *culprit) __attribute__((warn_unused_result));

/*
 * The registers of a thread that a keeper holds. ERR_TRACED: none does (any more, or yet); ERR_KEEPER: it does not answer
 * us; ERR_GONE.
 */
struct user_regs_struct;
int keeper_registers(const struct proc *p, pid_t tid, struct user_regs_struct *out)
	__attribute__((warn_unused_result));

/* For main of a tool that may start one: runs the keeper, and does not return, if that is what argv[0] says. */
void keeper_run_if_named(char **argv);

#endif
