/* SPDX-License-Identifier: MIT */
#ifndef PFILES_ASIDE_H
#define PFILES_ASIDE_H

#include <sched.h>
#include <stdbool.h>

#include "proc/proc.h"

/*
 * Long work keeps off the CPUs on which the target's threads run when it begins, if any are left: else the
 * scheduler would sooner or later let the target wait for us. An agent with a thread of its own follows
 * (agent.h).
 */
struct aside {
	bool moved;
	cpu_set_t before;
};

/* For the calling thread, and those it starts. aside_back() undoes it; takes what never moved. */
void aside_step(const struct proc *p, struct aside *a);
void aside_back(struct aside *a);

/*
 * Whether a second thread of ours would find a processor that nobody else wants; else it would take
 * time from the very process that is looked at.
 */
bool aside_processor_to_spare(void);

#endif
