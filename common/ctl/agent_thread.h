/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_AGENT_THREAD_H
#define PTOOLS_CTL_AGENT_THREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl/agent_control.h"
#include "ctl/call.h"

/* The tool's side of an agent that is a thread of its own: both have the scratch memory mapped. Zero-initialise. */
struct agent_thread {
	const struct proc *p;
	const struct agent_control *control;
	unsigned char *scratch; /* our mapping of it, NULL: not open */
	int spins;              /* looks before sleeping */
};

/*
 * The warden has said that the agent is there. many: its tables will be long. p and c must outlive it. 0, or ERR_LOST:
 * the agent leaves by itself then.
 */
int agent_thread_open(struct agent_thread *t, const struct proc *p, const struct agent_control *c,
	bool many) __attribute__((warn_unused_result));

/*
 * Runs n calls by two tables in turn: while the agent runs one, the answers of the other are fetched and the next is
 * laid out. *ran: how many have run, all but after an error: ERR_LOST (it has left), ERR_TIMEOUT.
 */
int agent_thread_run(struct agent_thread *t, struct call *calls, size_t n, size_t *ran)
	__attribute__((warn_unused_result));

/*
 * The agent keeps to the CPUs that the caller has chosen. It asks for that itself, so that no other thread
 * can be meant; the process's own threads stay where they are, and it is gone with the agent.
 */
int agent_thread_stay(struct agent_thread *t) __attribute__((warn_unused_result));

/* Tells it to leave. Takes one that is not open. */
void agent_thread_close(struct agent_thread *t);

#endif
