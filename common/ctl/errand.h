/* SPDX-License-Identifier: MIT */
#ifndef PTOOLS_CTL_ERRAND_H
#define PTOOLS_CTL_ERRAND_H

#include <stdbool.h>

#include "ctl/agent_control.h"
#include "ctl/divert.h"
#include "ctl/warden.h"

/*
 * An errand: a thread of the target is chosen, sent into the cave for one purpose, watched while it is
 * there, and put back, all within the warden's budget. Fill in p, c, d (but for its victim) and budget.
 */
struct errand {
	const struct proc *p;
	struct agent_control *c;
	struct diversion d;
	struct budget budget;
	bool strays; /* a thread was let go while it may have been in the cave */
	bool stuck;  /* a thread did not stop: only the end of this process lets go of it */
};

/*
 * Makes the agent a thread; c->agent is its thread id. 0, what the calls in the target said (-EAGAIN,
 * -ENOMEM...), ERR_TIMEOUT, ERR_GONE, or why no thread can be diverted (agent.h).
 */
int errand_boot(struct errand *e) __attribute__((warn_unused_result));

/* Has the diverted thread run the calls in c->table, c->used bytes of it. Errors as above. */
int errand_slice(struct errand *e) __attribute__((warn_unused_result));

#endif
