/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_AGENT_H
#define PTOOLS_CTL_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/call.h"
#include "proc/proc.h"

/*
 * The agent: system calls run inside a live process, which is put back exactly. See the theory at
 * the head of agent.c. Never opened where it could harm; the reason is the error: ERR_SECCOMP
 * ERR_SUD ERR_TRACED ERR_VFORK ERR_FROZEN ERR_DYING ERR_DUMPING ERR_NOVICTIM ERR_NOCAVE ERR_ABI
 * ERR_STEPPED ERR_OLDKERNEL ERR_BUSY ERR_PERM ERR_ZOMBIE ERR_KTHREAD ERR_GONE ERR_TIMEOUT ERR_MANY.
 */
struct agent;

enum agent_flags {
	AGENT_NO_THREAD = 1, /* never make a thread: the diverted thread runs the calls itself */
	AGENT_MANY = 2,      /* thousands of calls will come: only as a thread, else ERR_MANY;
			      * the thread keeps to the CPUs that the caller may use */
	AGENT_RUNNERS = 4, /* a thread that runs may be diverted, if none sleeps: the stop may cut a
			      * long write short */
	AGENT_ANY =
		8, /* also the first of several threads, and one that has children: meanwhile a signal that
			* the process ignores may cut another thread's long write short (victim.c) */
};

/*
 * p stays the caller's and must outlive the agent, and so does the crew (agent_crew.h), which has one agent at a
 * time; NULL: this agent gets helpers of its own. What a crew finds only on the way may be told by the first
 * agent_batch().
 */
struct agent_crew;
int agent_open(struct proc *p, unsigned flags, struct agent_crew *crew, struct agent **out)
	__attribute__((warn_unused_result));

/*
 * Runs the calls in order. 0 when all ran; each ret is the call's own result. A negative result
 * means that from some call on nothing ran (ERR_LOST, ERR_TIMEOUT, ERR_NOVICTIM, ERR_GONE): *done
 * says how many did, and the agent is only good for agent_close(). ERR_REFUSED: none ran, the agent
 * is intact.
 */
int agent_batch(struct agent *a, struct call *calls, size_t n, size_t *done)
	__attribute__((warn_unused_result));

/* One call: agent_batch() of one. */
int agent_call(struct agent *a, struct call *c) __attribute__((warn_unused_result));

struct agent_report {
	bool own_thread;
	pid_t stopped_tid;
	unsigned stops;
	uint64_t calls, held_ns, longest_ns;
};
/* Whether the agent is a thread of its own, so that calls which may wait (call_may_wait) are allowed. */
bool agent_may_wait(const struct agent *a);

void agent_report(const struct agent *a, struct agent_report *out);

/*
 * Leaves the target: no thread, mapping or changed byte remains. Frees; takes NULL. The agent of a crew has gone when
 * agent_left() is back.
 */
void agent_close(struct agent *a);

/*
 * Waits until the agent that was closed last has gone: before its process's handle is closed. Whoever ends the crew,
 * or has another agent of it, need not call it.
 */
void agent_left(struct agent_crew *crew);

#endif
