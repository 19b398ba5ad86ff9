/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_WAY_H
#define PTOOLS_CTL_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/call.h"
#include "proc/proc.h"

/*
 * How the descriptors of a process are reached, best way first:
 *   agent   the calls run in the target itself (ctl/agent.h)
 *   borrow  each descriptor is duplicated with pidfd_getfd(2), asked here, closed at once
 *   proc    neither: only /proc answers, way_batch() is ERR_NOTSUP
 *   unused  none of them, for nothing was asked (WAY_LATE)
 * A way that fails while in use is replaced by the next one within the same call; the caller only
 * sees results.
 */
enum way_kind { WAY_AGENT, WAY_BORROW, WAY_PROC, WAY_UNUSED };

enum way_flags {
	WAY_MANY = 4, /* thousands of calls will come: no agent that would have to stop a thread for
		       * every few hundred of them; borrowing stops nobody and is faster then */
	WAY_RUNNERS = 8,  /* the agent may divert a thread that runs (AGENT_RUNNERS) */
	WAY_NO_AGENT = 1, /* stop nobody: start with borrow */
	WAY_NO_BORROW =
		2,     /* for tests and for the rare system without pidfd_getfd: agent or proc */
	WAY_LATE = 16, /* perhaps no call will come: nothing is done before the first one does */
};

struct way;

/*
 * Always succeeds for a live process (WAY_PROC at worst); -ENOMEM or ERR_GONE otherwise. p stays
 * the caller's and must outlive the way, as must the crew, see agent_open().
 */
struct agent_crew;
int way_open(struct proc *p, unsigned flags, struct agent_crew *crew, struct way **out)
	__attribute__((warn_unused_result));

/*
 * Runs the calls in order; the first argument of each is a descriptor of the target (a call without
 * descriptor, such as getpid, only makes sense by the agent). Each ret is the call's own result;
 * under WAY_BORROW a descriptor that is closed gives -EBADF, one that cannot be borrowed the reason
 * as -errno. 0, ERR_NOTSUP (WAY_PROC), ERR_REFUSED (call_allowed), ERR_GONE, -ENOMEM.
 */
int way_batch(struct way *w, struct call *calls, size_t n) __attribute__((warn_unused_result));

/* Whether calls that may wait (call_may_wait) are run; else they give -ENOTSUP, or are refused. Unused: no. */
bool way_may_wait(const struct way *w);

enum way_kind way_kind(const struct way *w);

/* What was done to the target, for -s. Times in nanoseconds. */
struct way_report {
	enum way_kind kind;           /* the way that served last */
	int why_not_agent;            /* error code, 0 if the agent served or was not wanted */
	int why_not_borrow;           /* error code, 0 if not needed or it served */
	bool own_thread;              /* the agent was a thread of its own, not a diverted one */
	uint64_t calls;               /* how many calls were run */
	pid_t stopped_tid;            /* the thread that was stopped, 0: none */
	unsigned stops;               /* how many times */
	uint64_t held_ns, longest_ns; /* all stops together; the longest */
};
void way_report(const struct way *w, struct way_report *out);

/* Puts the target back (it always is, whatever this returns) and frees; takes NULL. */
void way_close(struct way *w);

#endif
