/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_HOLD_H
#define PTOOLS_CTL_HOLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/proc.h"

/*
 * A whole process stopped for one exact instant: every thread, also while threads are being created
 * and dying. It costs what signal(7) names (EINTR in epoll_wait(2) and its like), so only those who
 * asked for it (-H) take it. Held by a process of its own: when the tool dies, or holds longer than
 * the budget, the kernel lets the target go.
 */
struct hold;

/*
 * Stops all threads within timeout_ms or stops none: ERR_TIMEOUT (a thread in D state, a vfork
 * parent, a frozen control group: *culprit names the thread), ERR_TRACED, ERR_PERM, ERR_GONE.
 * The target runs again at hold_release(), or after budget_ms whatever happens.
 */
int hold_take(struct proc *p, unsigned timeout_ms, unsigned budget_ms, struct hold **out,
	pid_t *culprit) __attribute__((warn_unused_result));

/*
 * Stops all threads as hold_take() does, with its errors, calls `visit` for each with its registers, in no particular order,
 * and lets all go again before anything else is done: *held_ns, for how long they stood. All that is done by the process
 * that holds them, made for it: what visit writes must lie in memory that is shared with it, and of what it is given
 * nothing may be freed. ERR_TIMEOUT also if the budget ran out; then the visits are not of one instant.
 */
struct user_regs_struct;
struct hold_visitor {
	void (*visit)(pid_t tid, const struct user_regs_struct *regs, void *arg);
	void *arg;
};
int hold_each(struct proc *p, unsigned timeout_ms, unsigned budget_ms,
	const struct hold_visitor *visitor, uint64_t *held_ns, pid_t *culprit)
	__attribute__((warn_unused_result));

/* How many threads are held. */
size_t hold_threads(const struct hold *h);

/*
 * Lets every thread go as it was found (job-control stopped ones stay stopped) and frees; takes
 * NULL. held_ns, if not NULL, gets how long. ERR_TIMEOUT if the budget had run out before: what was
 * read since then was read from a running process.
 */
int hold_release(struct hold *h, uint64_t *held_ns) __attribute__((warn_unused_result));

#endif
